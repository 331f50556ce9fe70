import 'shoal/chat-element';

// The page of an invite may name its swarm itself: ?invite=… (a link, encoded).
const invite = new URLSearchParams(location.search).get('invite');
if (invite) document.querySelector('shoal-chat').setAttribute('invite', invite);
