import type { ErrorCode } from '../../core/errors.ts';
import { ENGLISH, plural } from '../../core/format.ts';

/** Words that the first screen has, or that may be needed at any moment from then on. */
export type Words = typeof english;

const tabs = (count: number) => plural(count, 'tab');
const are = (count: number) => (count === 1 ? 'is' : 'are');
const them = (count: number) => (count === 1 ? 'it' : 'them');

/** What a person can do about each error. What exactly went wrong stands behind it, in English. */
const errors: Readonly<Record<ErrorCode, string>> = {
  aborted: 'That was cancelled.',
  'bad-command':
    'Two tabs do not understand each other. Reload this page and theirs, so that both are the same version.',
  'bad-frame': 'Two tabs do not understand each other. Reload this page and theirs, so that both are the same version.',
  'bad-gguf': 'This model file cannot be read. Fetch it again, or choose another.',
  'bad-input': 'The model was given what it cannot compute with. Start a new conversation.',
  'bad-manifest': 'The description of the model cannot be read. Reload the page, or ask whoever runs the server.',
  'bad-request': 'That cannot be done as it was asked for.',
  'bad-result': 'Another tab sent what cannot be right. Ask again: it is left out then.',
  busy: 'It is busy at the moment. Try again a little later.',
  'consent-required': 'That needs a permission. Give it, then try again.',
  'context-full': 'The conversation is too long for the model. Leave out its oldest turns, or start a new one.',
  'gpu-lost': 'The GPU gave up. Reload the page; if it happens again, choose the processor in the settings.',
  'hash-mismatch': 'Data arrived that is not what it should be, and was thrown away. Try again.',
  'insecure-context': 'This address is not secure. Open the page by https, or on the machine of the server.',
  internal: 'Something went wrong in this page. Try again; if that does not help, reload it.',
  'limit-exceeded': 'That is more than is allowed. Try it with less.',
  'model-unavailable':
    'The model cannot be had at the moment. Check the link and that the server runs, then try again.',
  'no-webgpu': 'This browser gives no GPU. Choose “Automatic” in the settings and reload the page.',
  'not-admitted': 'This tab may not do that in a private swarm. Ask a member for the link.',
  'not-finite':
    'The computation went wrong. Ask again; if that does not help, measure the device in the list of models.',
  'out-of-memory': 'The memory does not suffice. Close other tabs, or let this one run fewer shards.',
  'page-incomplete': 'A part of this page did not come. Reload it: your conversations and shards are kept.',
  'peer-gone': 'A tab that was needed has left. Ask again.',
  'peer-unreachable': 'Another tab or the server cannot be reached. Check the connection and try again in a moment.',
  'port-in-use': 'The address of the server is taken. Start it on another port.',
  'shard-missing': 'A part of the model is missing. Join with it here, or share the invite link.',
  'shard-not-loaded': 'A tab does not have its part of the model ready. Wait a moment and ask again.',
  'storage-full': 'There is no room in this browser. Free disk space, or delete stored models in the settings.',
  timeout: 'It took too long. Check the connection and try again.',
  'truncated-gguf': 'This model file is not complete. Fetch it again.',
  'unknown-session': 'A tab has forgotten this conversation. Ask again.',
  'unsupported-architecture': 'Shoal cannot run models of this kind yet. Choose another.',
  'unsupported-tensor-type': 'Shoal cannot read weights of this kind yet. Choose a file that is quantised otherwise.',
};

/** How the page speaks by itself. */
export const english = {
  locale: 'en',
  /** Of its writing. */
  direction: 'ltr' as 'ltr' | 'rtl',
  notation: ENGLISH,
  errors,

  shards: (list: string, count: number) => `${count === 1 ? 'shard' : 'shards'} ${list}`,
  tabs,
  tokens: (count: string) => `${count} tokens`,
  tokensPerSecond: (speed: string) => `${speed} tokens/s`,
  thisTab: 'this tab',
  browserOn: (browser: string, system: string) => `${browser} on ${system}`,
  times: (count: number) => `(${count} times)`,
  copied: 'Copied',
  copiedMark: 'Copied ✓',
  close: 'Close',
  cancel: 'Cancel',

  page: {
    skip: 'Skip to the prompt',
    drop: 'Drop a GGUF to run it here, or text to ask about it',
    alerts: 'Alerts',
    dismiss: 'Dismiss',
    swarm: 'Swarm',
    chat: 'Chat',
    view: 'View',
    log: 'Log',
    logLines: 'Log lines',
    newest: '↓ Newest',
    settings: 'Settings',
    about:
      'Shoal runs one large language model across many browser tabs: each tab holds some of its layers, and together they answer your prompts.',
  },
  welcome: {
    fetches: (size: string) => `Fetches ${size} into this tab, which then answers alone.`,
    theModel: 'the model',
    noNeed: 'There is no need to: the tabs of this swarm run all of it, and answer what you type below.',
    forecast: 'How fast it would be here is not measured yet.',
    measure: 'Measure this device',
    orShare: 'Or take a part below and invite other tabs to take the rest.',
  },
  top: {
    states: { offline: 'Offline', connecting: 'Connecting', waiting: 'Waiting', ready: 'Ready' },
    models: 'Models',
    modelTitle: (name: string, layers: number) => `${name}, ${layers} layers: choose another`,
    modelFacts: (layers: number, size: string) => `${layers} layers · ${size}`,
    conversations: 'Conversations',
  },

  spoken: {
    leaving: 'Handing over before this tab leaves.',
    choosing: 'Asking the others what is missing.',
    answering: 'Answering…',
    failed: (error: string) => `The answer failed: ${error}`,
    unknownError: 'unknown error',
    stopped: 'The answer was stopped.',
    complete: 'The answer is complete.',
  },

  chat: {
    newConversation: 'New conversation',
    conversation: 'Conversation',
    prompt: 'Prompt',
    placeholder: 'Type a prompt',
    stop: 'Stop',
    send: 'Send',
    escapeStops: 'Escape stops the answer.',
    enterSends: 'Enter sends, Shift+Enter makes a new line.',
    leaveOutOldest: 'Leave out the oldest turns',
    size: (exact: boolean, tokens: number, most: number) =>
      `${exact ? '' : 'At least '}${tokens} of ${most} tokens${tokens < most ? '.' : ': too long to send.'}`,
    tooManyChars: (most: number, chars: number) => `The box takes ${most} characters; this has ${chars}.`,
    tooManyLines: (most: number) => `The box takes ${most} lines; this has more.`,
    serverNeverSees:
      'The server never sees a prompt. Each tab on the way sees activations, from which text can be recovered.',
    examplesLabel: 'Examples',
    examples: [
      'What is the capital of France?',
      'Explain the tides to a child in three sentences.',
      'Write a haiku about a school of fish.',
    ],
    you: 'You',
    answer: 'Answer',
    keptAbove: 'What was generated until then is kept above.',
    leftOut: 'Left out of what the model reads.',
    stopped: 'Stopped',
    continue: 'Continue',
    answering: 'Answering…',
    firstToken: 'Waiting for the first token…',
    reading: 'Reading the prompt…',
    readingSoFar: (done: number, total: number) => `Reading the prompt: ${done} of ${total} tokens`,
    openedAgain: 'This tab was opened again: the answer goes on as soon as every layer is there.',
    firstTokenAfter: (seconds: string, count: number) =>
      `first token after ${seconds} s, ${plural(count, 'new prompt token')}`,
    onTabs: (count: number) => `on ${tabs(count)}`,
    lengthLimit: 'ended at the length limit',
  },

  invite: {
    tabs: 'Invite other tabs',
    otherGuests: 'Invite other guests',
    members: 'Members',
    guests: 'Guests',
    copyLink: 'Copy link',
    copyInvite: 'Copy the invite link',
    copyGuests: "Copy guests' link",
    byHand: 'Select the invite link and copy it by hand.',
    guestsByHand: "Select the guests' link and copy it by hand.",
    notCopied: (otherwise: string) => `The browser did not allow copying. ${otherwise}`,
    thisMachine: 'This link works on this machine only.',
    otherMachines: 'For phones and other machines start the server with',
    trust:
      'Each tab on the way sees activations, from which text can be recovered: share the link with people you trust.',
    admission: {
      open: 'Any browser that opens it joins this swarm. The server never sees a prompt.',
      member:
        "This is a private swarm: members run its layers; guests may ask, and serve nothing. The server sees neither prompts nor the model's name.",
      guest: 'You are a guest of a private swarm: you may ask, and serve nothing.',
    },
    qr: 'QR code',
    qrDialog: 'Invite link as a QR code',
    makePrivate: 'Make it private…',
    makePrivateQuestion:
      'This tab leaves the open swarm and founds one that only people with its new link can find and enter. It takes its shards along, and the page is opened again.',
    makePrivateYes: 'Found a private swarm',
    newLink: 'Start a new link…',
    newLinkQuestion:
      "The members whose tabs are open now move along, with their shards. All others, guests too, need the new link: the old ones lead nowhere. A server that was started with --private sends this swarm no more of the model until the new link's secret, what follows s=, stands in its file swarm.secret and it is started again.",
    newLinkYes: 'Start a new link',
    moment: 'One moment…',
    movedBy: (who: string) => `${who} has started a new link, and this tab has moved along.`,
    privateNow: 'This is a private swarm now: only who has its link is in.',
    moved: (moved: number, others: number) =>
      `The swarm has a new link, and ${moved} of ${others} other tabs have moved along.`,
  },

  join: {
    guestNote:
      'You are a guest here: the tabs of this swarm answer what you type, and run none of their layers in yours.',
    choosing: 'Asking what is missing…',
    join: (shards: string) => `Join with ${shards}`,
    joinAuto: 'Join (auto)',
    add: (shards: string) => `Add ${shards}`,
    addAuto: 'Add a shard (auto)',
    runAll: 'Run it all here',
    leaving: 'Handing over…',
    leave: 'Leave the swarm',
    leavingNote: 'Answers that run through this tab move to other tabs first. Keep it open for these few seconds.',
    tickNote:
      'Tick the shards that this tab should run, or leave the choice to auto: the one that the swarm needs most.',
  },

  status: {
    roomShut: 'Nothing can be asked in this room now.',
    roomAnswers: 'This room is answering.',
    label: 'State of the swarm',
    ownPart: "This tab's part",
    inSwarm: (count: number) => `${tabs(count)} in the swarm`,
    noTabs: 'No tab is in the swarm yet',
    notKnown: 'Other tabs are not known yet',
    isNode: 'this tab is one of them',
    isGuest: 'this tab asks, and runs no layers',
    serverAway: 'server away: nobody new can join',
    ready: 'Every layer is covered: type a prompt.',
    insecure: 'This tab cannot join from an insecure address.',
    connecting: 'Connecting to the swarm…',
    offline: 'The server cannot be reached. This tab keeps trying; what it has loaded stays loaded.',
    coming: (shards: string, count: number) => `${shards} ${are(count)} being loaded; then every layer is covered.`,
    missing: (shards: string, count: number, layers: string) =>
      `${shards} ${are(count)} missing (layers ${layers}): nobody runs ${them(count)} yet.`,
    unheard: (shards: string, count: number, layers: string) =>
      `${shards} (layers ${layers}): nobody has said so far that they run ${them(count)}.`,
    listeningForAll: 'Listening for other tabs. So far nobody has said that they run this model.',
    nobodyAtAll: 'Nobody runs this model yet: run it all here, or take a shard and invite others.',
    nobodyForGuests: 'No tab runs the model under this link. Ask who gave it to you: there may be a new one.',
    answeredWhen: (shards: string, count: number) => `Answered as soon as ${shards} ${are(count)} loaded.`,
    listening: 'Listening for other tabs.',
    nobody: 'Nobody runs this model yet.',
    lacking: (shards: string, count: number) => `${shards} ${are(count)} missing.`,
    fetchedWhenAsked: (shards: string, count: number) =>
      `${shards} ${are(count)} missing: this tab fetches ${them(count)} when you ask.`,
    pausedHere: (shards: string, count: number) =>
      `${shards} ${are(count)} paused in this tab, and nobody else has ${them(count)}: go on with ${them(count)} to be answered.`,
    runs: (shards: string) => `This tab runs ${shards}.`,
    fetching: (shards: string, bytes: string, time: string | undefined) =>
      `Fetching ${shards}: ${bytes}${time === undefined ? '' : `, ${time} left`}`,
    checking: (shards: string) => `Checking the hash of ${shards}`,
    loading: (shards: string, onGpu: boolean, bytes: string) =>
      `Loading ${shards} ${onGpu ? 'onto the GPU' : 'into memory'}: ${bytes}`,
  },
  shard: {
    title: 'Shards',
    fromServer: 'The list of shards comes from the server.',
    one: (index: number) => `Shard ${index}`,
    layers: (layers: string) => `layers ${layers}`,
    about: 'Details',
    verified: 'hash verified ✓',
    runBy: (count: number) => `run by ${tabs(count)}`,
    runByUnknown: 'run by: not known yet',
    runByNobody: 'run by nobody',
    states: {
      downloading: 'fetching',
      paused: 'paused',
      waits: 'waits for its turn',
      verifying: 'verifying',
      loading: 'loading',
      ready: 'ready',
      error: 'failed',
      tokenizer: 'fetching the tokenizer',
      sharing: 'fetching to share',
      partly: 'partly stored',
      absent: 'not here',
      shared: 'stored, shared',
      stored: 'stored',
    },
    withEmbedding: 'with embedding',
    withOutput: 'with output',
    withBoth: 'with embedding and output',
    down: (rate: string) => `${rate} down`,
    up: (rate: string) => `${rate} up`,
    sent: (size: string) => `${size} sent`,
    peers: (count: number) => plural(count, 'peer'),
    left: (time: string) => `${time} left`,
    from: (sources: string) => `from ${sources}`,
    sources: { tabs: 'other tabs', server: 'the server', storage: "this browser's storage" },
    bySibling: 'fetched by another tab of this browser',
    noSource: 'no source yet',
    noRoom: (shards: string, needed: string, free: string | undefined) =>
      `${needed} needed, ${free === undefined ? 'less is free' : `${free} free`}: this browser has no room for ${shards}. What fits is served. Free disk space, or delete stored models in the settings, and choose again.`,
    lost: (index: number, again: boolean) =>
      `Shard ${index} is no longer stored in this browser: it was deleted in another tab, or by the browser.${again ? ' This tab serves it, and fetches it again.' : ''}`,
  },

  members: {
    title: 'Tabs in the swarm',
    about: 'About this device',
    lookIn: 'Look into its room',
    self: 'this tab',
    may: (rights: string) => `may ${rights}`,
    useLent: 'use what I lend',
    takeShards: 'take shards off this tab',
    more: (count: number) => `and ${count} more`,
    checked: (times: number, ago: string | undefined) =>
      `checked ${times === 1 ? 'once' : `${times} times`}, last ${ago === undefined ? 'just now' : `${ago} ago`}`,
    leaving: 'is leaving',
    handsOver: (shards: string) => `is leaving, hands over ${shards}`,
    runs: (shards: string) => `runs ${shards}`,
    fetches: (shards: string) => `fetches ${shards}`,
    holdsNone: 'holds no shard yet',
    builds: {
      older: 'runs an older build, which cannot work with this one: its page must be reloaded',
      newer: 'runs a newer build, which cannot work with this one: reload this page',
    },
    notConnected: 'not connected',
    msALayer: (ms: string) => `${ms} ms a layer`,
  },
  lend: {
    title: 'What I lend',
    pause: 'Pause',
    again: 'Lend again',
    open: 'Other tabs may use what this one holds. The settings say how much.',
    paused: {
      owner: 'Paused: answers of others move to other tabs, and your own go on.',
      battery: 'Paused while this device runs on its battery, as the settings say.',
      'in-use': 'Paused while you use this device, as the settings say.',
    },
    totals: (given: string, sent: string, taken: string, received: string) =>
      `Given: ${given} tokens computed for others, ${sent} sent. Taken: ${taken} tokens computed by others, ${received} received.`,
  },
  verify: {
    title: 'Verify',
    check: 'Check the swarm',
    checking: 'Checking…',
    about: 'Asks every tab for its files and its state, looks each shard up, and sends a real prompt.',
    failed: (failed: number, all: number) => `${failed} of ${all} checks failed.`,
    passedSoFar: (count: number) => `${count} checks passed so far.`,
    allPassed: (count: number) => `All ${count} checks passed.`,
  },

  wait: {
    queue: (place: number) => `In the queue: place ${place}`,
    about: (queue: string, time: string) => `${queue}, about ${time}.`,
    soFar: (time: string) => `${time} so far`,
    nobody: (layers: string) => `Nobody has layers ${layers} yet`,
    ask: (shards: string | undefined) => `share the invite link, or join with ${shards ?? 'them'} here.`,
    fetching: (layers: string, who: string, count: number, shards: string | undefined) =>
      `Waiting for layers ${layers}: ${who} ${count === 1 ? 'fetches' : 'fetch'} ${shards ?? 'them'}`,
    joinHere: (shards: string) => `Join with ${shards} here`,
  },

  lacks: {
    webrtc:
      'This browser cannot connect to others directly: this tab cannot work with others, and answers once all shards run here (“Run it all here”).',
    'site-data':
      'This browser keeps no site data: shards lie in memory, and nothing is there any more when the page is closed or reloaded.',
    'lasting-site-data': 'This is a private window: shards and conversation are gone when it is closed.',
    threads: 'This browser gives the page no shared memory: the processor runs layers on one thread.',
  },
  insecure: {
    strong: 'This address is not secure, so Shoal cannot run here.',
    why: 'Over plain http from another machine a browser gives a page no GPU, no cryptography and no storage.',
    startWith: "On the server's machine start it with",
    thenOpen: 'then open',
    /** The end of that sentence. */
    here: ' here.',
    orThere: "Or open the page on the server's own machine, as",
  },
  gpu: {
    missing: 'This browser gives the page no GPU',
    software: (adapter: string) => `Only a software GPU was found (${adapter})`,
    asSet: ', and the settings ask for it. Choose “Automatic” there and open the page again.',
    none: 'No GPU found: layers run on the processor.',
    faster: 'A current browser with hardware acceleration on is faster.',
  },

  notices: {
    update:
      'The server has a new version of this page. It comes when this tab is in the background and no answer runs through it, or when you reload it.',
    newerBuild:
      'Tabs with a newer build of this page are in the swarm, and cannot work with this one. Reload this page; if nothing changes, its server must be updated.',
    noNotices: 'This browser shows no notices of this page. Allow them in its settings for the page.',
    tooLarge: (name: string) => `${name} is larger than 2 MB: too long for a prompt.`,
    noText: (name: string) => `${name} is no text: only what a file says in letters can go with a prompt.`,
  },
};
