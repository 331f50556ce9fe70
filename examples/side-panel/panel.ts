import { useWorkersFrom } from 'shoal';
import 'shoal/chat-element';

// esbuild finds no workers: build.js copies them beside this file.
useWorkersFrom('./workers/');

const form = document.querySelector('form')!;
const chat = document.querySelector('shoal-chat')!;
const enter = (invite: string) => chat.setAttribute('invite', invite);

const kept = localStorage.getItem('invite');
if (kept) enter(kept);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const invite = String(new FormData(form).get('invite'));
  localStorage.setItem('invite', invite);
  enter(invite);
});
