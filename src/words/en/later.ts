import { plural } from '../../core/format.ts';
import type { HubTrouble } from '../../store/hub/hub-trouble.ts';
import { type Seen, seenText } from '../../swarm/seen.ts';

const them = (count: number) => (count === 1 ? 'it' : 'them');

/** What a field is called, and what it does. */
type Named = readonly [label: string, hint: string];
const named = <Key extends string>(table: Readonly<Record<Key, Named>>) => table;

/** Words of what is loaded after the first screen: they come with that code. */
export type LaterWords = typeof englishLater;

/** How the page speaks by itself. */
export const englishLater = {
  copy: 'Copy',
  open: 'Open',
  delete: 'Delete',
  none: 'None',
  copyByHand: 'Select the text and copy it by hand.',

  message: {
    thinking: 'Thinking…',
    thought: 'What it thought',
    codeByHand: 'Select the code and copy it by hand.',
    showLess: 'Show less',
    showAll: 'Show all',
    edit: 'Edit',
    regenerate: 'Regenerate',
    tokens: 'Tokens',
    earlier: 'Earlier version',
    later: 'Later version',
    branch: (number: number, count: number) => `${number} of ${count}`,
    question: 'Your question',
    ask: 'Ask',
  },
  tokens: {
    label: 'Tokens of the answer',
    about:
      'Each token as it was drawn; the paler, the less likely it was. Choose one to see what else was likely there.',
    drawnBefore: 'was drawn before this page was opened.',
    had: (percent: string) => `had ${percent}.`,
    anew: 'Draw anew from here',
    /** A token without letters, e.g. the end of a turn. */
    mark: '(mark)',
  },
  attach: {
    files: 'Attached files',
    takeOut: (name: string) => `Take ${name} out`,
    attach: 'Attach…',
    label: 'Attach text files to the prompt',
    tokens: (exact: boolean, tokens: number) => `${exact ? '' : 'at least '}${tokens} tokens`,
  },

  card: {
    asking: 'Asking this tab…',
    silent: 'This tab does not answer.',
    computes: 'Computes with',
    runners: { webgpu: 'its GPU', cpu: 'its processor', none: 'nothing yet' },
    layersPerSecond: (speed: string) => `${speed} layers a second`,
    says: 'As it says',
    measured: 'As measured here',
    tokens: (count: string) => `${count} tokens`,
    taken: 'Has given you',
    given: 'Has got from you',
    exchanged: (tokens: string, bytes: string) => `${tokens} tokens computed, ${bytes} of weights`,
    waiting: 'Tasks that wait there',
    room: 'Has room for',
    link: 'Reached',
    paths: { 'same-network': 'in the same network', direct: 'over the internet, directly', relayed: 'through a relay' },
    roundTrip: (ms: string) => `${ms} ms there and back`,
    version: 'Version',
  },

  shard: {
    pieces: (stored: number, count: number) => `${stored} of ${plural(count, 'piece')}`,
    fromTabs: 'From other tabs',
    fromServer: 'From the server',
    fromHub: (host: string) => `From ${host}`,
    hubIdle: (host: string) => `Where nobody in the swarm has it, it comes from ${host}.`,
    hubOff: (host: string) => `${host} has it too. It is not asked, as your settings say.`,
    hubFetching: (host: string) => `Nobody in the swarm has what is missing: it comes from ${host}.`,
    hubResting: (host: string, trouble: string) =>
      `${host} ${trouble}. It is asked again in a while, and other tabs meanwhile.`,
    hubRefused: (host: string, trouble: string) =>
      `${host} ${trouble}. It is not asked any more; this tab waits for other tabs.`,
    hubTroubles: {
      busy: 'asks to wait',
      silent: 'does not answer',
      missing: 'does not give the file',
      'no-ranges': 'gives no parts of the file',
      'other-file': 'has another file than this model was made of',
      'wrong-bytes': 'gives wrong bytes',
      'too-much': 'has given as much as this shard may cost',
    } satisfies Record<HubTrouble, string>,
    given: 'Sent to others',
    tabs: 'Tabs that it came from and went to',
    traffic: (received: string, sent: string) => `${received} from it · ${sent} to it`,
    unnamed: 'a guest, or another program',
    gone: 'not connected',
    since: 'Since this page was opened.',
    pause: 'Pause',
    goOn: 'Go on',
    pausedNote:
      'Nothing more of it is fetched until you go on, also when the page is opened again. What is here stays, and others get it from here.',
    priority: 'Fetch it',
    priorities: { first: 'before others', normal: 'with others', last: 'after others' },
  },

  rooms: {
    opening: (whose: string) => `Looking for the room of ${whose}…`,
    open: (whose: string) => `You are in the room of ${whose}. Everybody in the swarm can read it and ask.`,
    outOfReach: (whose: string) => `${whose} cannot be reached. This tab keeps trying.`,
    closed: (whose: string) => `${whose} has closed this room. What was said is still here to read.`,
    gone: (whose: string) => `${whose} has gone, and this room with it. What was said is still here to read.`,
    back: 'Back to my conversation',
    hosted: (here: boolean) =>
      `${here ? 'This conversation' : 'Another conversation of yours'} is a room: everybody in the swarm can read it and ask.`,
    followers: (count: number) =>
      count === 0 ? 'Nobody looks in yet.' : count === 1 ? 'One tab looks in.' : `${count} tabs look in.`,
    close: 'Close the room',
    another: (whose: string) => `${whose} has a room: a conversation for everybody in the swarm.`,
    lookIn: 'Look in',
    openToAll: 'Open to all…',
    question: 'Open this conversation to everybody in the swarm?',
    meaning:
      'They read all of it, see answers as they come, and may ask in it; your name stands beside your questions. It travels between tabs only, and ends when you close the room or this tab.',
    yes: 'Open it',
  },

  conversations: {
    search: 'Search conversations',
    searchPlaceholder: 'Search in all that was said',
    deleted: (title: string) => `“${title}” was deleted.`,
    undo: 'Undo',
    noneYet: 'None yet.',
    noneFound: 'None of them holds these words.',
    openFile: 'Open from a file…',
    saveAll: 'Save all',
    about: 'They are kept in this browser, and go nowhere else.',
    untitled: 'Without words',
    moreAbout: (title: string) => `More about “${title}”`,
    more: 'More',
    rename: 'Rename',
    newName: 'New name',
    pin: 'Pin',
    unpin: 'Unpin',
    pinned: 'Pinned',
    saveMarkdown: 'Save as Markdown',
    saveJson: 'Save as JSON',
    messages: (count: number) => plural(count, 'message'),
    answering: 'answering',
    elsewhere: 'open in another tab',
  },

  models: {
    asking: 'Asking the server…',
    facts: (size: string, layers: number, shards: number, context: string) =>
      `${size} · ${layers} layers · ${plural(shards, 'shard')} · ${context} tokens of context`,
    privateSwarm: 'your private swarm',
    openNow: 'Open now',
    openOne: (name: string) => `Open ${name}`,
    withMore: 'With more devices like this one',
    devices: 'Devices',
    eachHolds: 'Each holds',
    anAnswer: 'An answer',
    download: 'Download',
    tooMuch: (size: string) => `${size} too much`,
    deleteNote: 'Its secret and its weights go from this browser. Others keep theirs.',
    keep: 'Keep',
    deleteAsk: 'Delete…',
    deleteOne: (name: string) => `Delete ${name}`,
    speeds: (from: string, to: string) => `${from} to ${to} tokens/s`,
    runsAlone: (speed: string) => `Runs on this device alone, at ${speed}.`,
    fetchedIn: (time: string) => `Fetched in about ${time}.`,
    tooLarge: (size: string) => `Too large for this device alone, by ${size}.`,
    shardTooLarge: 'One shard of it is too large already: split it into more, or use devices with more room.',
    together: (devices: number, speed: string | undefined) =>
      `${devices} devices like it run it together${speed === undefined ? '' : `, at ${speed}`}: share the link.`,
    /** What follows a model's name and its size. */
    isAnother:
      "is another model than this swarm's. It is split and kept in this browser, and runs in a private swarm of its own that begins with this tab.",
    onlyThisTab: (shards: string) =>
      `Only this tab serves ${shards} of the model that is open: its other tabs cannot answer until somebody else does.`,
    openAllTheSame: 'Open it all the same',
    runHere: 'Run it in this tab',
    another: 'Another model',
    anotherNote: 'A GGUF of yours runs in a private swarm that begins with this tab: its link brings others in.',
    openGguf: 'Open a GGUF…',
    linkLabel: 'Link to a GGUF',
    linkPlaceholder: 'https://…/file.gguf or hf:owner/repository',
    openLink: 'Open the link',
    opening: 'Opening the file',
    reading: (name: string, percent: number) => `Reading ${name}: ${percent} %`,
    storing: (name: string) => `Storing ${name}`,
    storingSoFar: (name: string, percent: number) => `Storing ${name}: ${percent} %`,
    fetching: (name: string) => `Fetching ${name}`,
    fetchingSoFar: (name: string, percent: number | undefined) =>
      `Fetching ${name}:${percent === undefined ? '' : ` ${percent} %`}`,
    isThisSwarms: (name: string, shards: number) =>
      `${name} is this swarm's model: all ${shards} shards are in this browser now. Join to run them.`,
    ownSwarm: (name: string) => `${name} runs in a swarm of its own, which begins with this tab.`,
    noRoomForAll: 'This device has no room for all of its layers: share the link, and others run the rest.',
    onlyByLink: 'Only who has its link can come in.',
  },
  lap: {
    title: 'Where the time goes',
    total: (ms: string) => `${ms} ms`,
    totalOf: 'a token, once through all layers',
    /** Of how many tokens it is the mean. */
    meanOf: (count: number) => (count === 1 ? 'One token' : `The mean of ${count} tokens of the last minute`),
    remedies: {
      compute: (who: string) => `Fewer layers on ${who}, or a faster device for them, would shorten it.`,
      wait: (who: string) =>
        `${who} has other work before yours: another tab with the same layers would take some of it.`,
      wire: (who: string) =>
        `The way to ${who} is long: a tab nearer by, or a cable in place of Wi-Fi, would shorten it.`,
      relayed: (who: string) =>
        `${who} is reached through a relay, which carries every byte: the same Wi-Fi would save most of that.`,
    },
    kinds: { compute: 'compute', wire: 'wire', wait: 'wait' },
    stage: (layers: string, who: string) => `layers ${layers} · ${who}`,
    now: 'While an answer is made, the marked tab has the token.',
    slowest: (layers: string, who: string, kind: string) => `Slowest: layers ${layers} on ${who}, mostly ${kind}.`,
    trace: 'Save a trace',
  },
  timeline: {
    title: 'What happened on the way',
    expelled: (who: string) => `${who} is left out from now on: a check found it wrong.`,
    lies: {
      withholds: 'It does not show what it has computed.',
      falseRows: 'It shows something else than it has sent.',
      link: (sender: string, receiver: string) => `${sender} has not sent what ${receiver} says that came.`,
      otherwise: (layers: string, who: string, by: string) =>
        `Layers ${layers}: ${who} has computed them again, and found something else, by ${by} %.`,
      shown: (who: string, by: string) =>
        `${who} has shown what it signed, and this tab has computed something else from it, by ${by} %.`,
    },
    resent: 'The whole conversation was sent again.',
    queued: (time: string) => `In the queue for ${time}: every tab with the layers was busy.`,
    reopened: 'This tab was opened again: the answer goes on.',
    kept: (tokens: number) => `${plural(tokens, 'token')} kept`,
    stoodStill: (ms: number) => `stood still ${ms} ms`,
    rebuilt: (positions: number) => `${plural(positions, 'position')} rebuilt`,
    handedOver: (layers: string, from: string, to: string) =>
      `Layers ${layers}: ${from} handed over to ${to} before leaving.`,
    hasBack: (layers: string, who: string, time: string) =>
      `Layers ${layers}: ${who} lost the conversation and has it back after ${time}.`,
    tookOver: (layers: string, from: string, to: string, time: string) =>
      `Layers ${layers}: ${from} left, ${to} took over after ${time}.`,
    givenUp: (layers: string, time: string) =>
      `Layers ${layers}: nobody had them; the answer ended after ${time} of waiting.`,
    fetched: (layers: string, who: string, time: string) =>
      `Layers ${layers}: nobody had them; ${who} fetched them in ${time}.`,
    nobodyFor: (layers: string, time: string) => `Layers ${layers}: nobody had them for ${time}.`,
    endedThere: 'the answer ended there',
  },
  checks: {
    result: 'Result',
    group: (who: string, count: number) => `${who}: ${plural(count, 'check')}`,
    name: 'Check',
    passed: 'passed',
    notPassed: 'failed',
    /** The name that the check gives itself. */
    nameOf: (name: string) => name,
    /** What one that passed has seen. */
    seen: (seen: Seen, nameOf: (peerId: string) => string) => seenText(seen, nameOf),
  },
  farewell: {
    label: 'Before this tab leaves',
    leaveNow: 'Leave now',
    stay: 'Stay',
    nothingLost: 'Others have all that this tab serves.',
    copying: (shards: string, share: string) =>
      `Another tab copies ${shards} (${share}). This tab leaves when that is done.`,
    copied: (shards: string, count: number) =>
      `Only this tab runs ${shards}. Another has a copy, and loads ${them(count)} when somebody asks.`,
    onlyHere: (shards: string, count: number, answers: number) =>
      `Only this tab has ${shards}: ${
        answers === 0
          ? `nobody gets answers until somebody has ${them(count)} again`
          : `${plural(answers, 'answer')} will stop`
      }.`,
    wait: (count: number, share: string) => `Wait until ${count === 1 ? 'it is' : 'they are'} copied (${share})`,
  },
  forecast: {
    now: (devices: number, what: string) =>
      devices === 1 ? `On this device alone: ${what}` : `With the tabs that are here, ${devices} devices: ${what}`,
    later: (what: string) => `With two more such devices: ${what}`,
    fits: (speed: string, alone: boolean, bytes: string, time: string | undefined) =>
      `${speed}; ${alone ? 'it' : 'each'} fetches ${bytes}${time === undefined ? '' : `, in about ${time}`}.`,
    short: (alone: boolean, bytes: string) => `too large, ${alone ? 'it' : 'each'} is short of ${bytes}.`,
    enough: (devices: number) => `${devices} devices like this one hold it: share the link.`,
    spare: 'More devices would hold spare copies: no faster, but nobody waits when one goes.',
    alike: 'The other devices are taken to be like this one, in one room.',
  },
  device: {
    title: 'This device',
    measuring: 'Measuring, for two seconds…',
    notMeasured: 'Not measured yet.',
    numbers: 'Numbers',
    measure: 'Measure it',
    copyReport: 'Copy a report',
    reach: {
      none: 'It makes no connections to other tabs.',
      room: 'It reaches tabs of the same network; for others the server names no relay.',
      direct: 'It reaches tabs of most networks.',
      relay: 'It reaches tabs of all networks, at worst through a relay.',
    },
    reachShort: { none: 'none', room: 'room', direct: 'direct', relay: 'relay' },
    computesOn: (onGpu: boolean, adapter: string, correct: boolean) =>
      `This browser computes on ${onGpu ? 'its GPU' : 'its processor'} (${adapter}); ${
        correct
          ? 'what it computes is right'
          : 'what it computes is WRONG: update the browser or the driver, or choose the processor in the settings'
      }.`,
    room: (size: string) => `It has room for ${size} of weights.`,
    weights: 'Weights read for an answer',
    multiplications: 'Multiplications for a prompt',
    task: 'A task, whatever it computes',
    layer: 'A layer beyond its weights',
    deviation: 'Off from the known answer',
    memory: 'Memory for weights',
    storage: 'Free storage',
    fromServer: "From the server's copy, until it is stored",
    connections: 'Connections',
    notKnown: 'not known',
    notTold: 'the browser does not tell',
  },

  settings: {
    language: 'Language',
    languageAuto: 'As the browser',
    shortcuts: 'Keyboard shortcuts…',
    name: "Name of this browser's tabs",
    nameHint: 'Other tabs see it in their list.',
    runner: 'Run layers on',
    runnerGpu: 'GPU',
    runnerCpu: 'Processor',
    automatic: 'Automatic',
    nextTime: 'Takes effect when the page is opened again.',
    wire: 'Activations on the wire',
    wires: { f32: 'Exact', f16: 'Half', q8: '8-bit' },
    wireHint: 'Rounded where a slow link makes it worth while; answers may then differ a little.',
    threads: 'Threads of the processor',
    threadsHint: 'For layers that run on the processor. Takes effect when the page is opened again.',
    hub: "Ask the model's public file",
    hubs: { open: 'In open swarms', always: 'In private swarms too', never: 'Never' },
    hubHint:
      'Where nobody has a part of the model, it comes from where the whole file is public, if the swarm names such a place. That place sees your IP address and what is asked of which file.',
    switches: named({
      spreadModel: ['Help spread the model', 'Also fetch and share the shards that this tab does not run.'],
      checkOthers: [
        'Check what other tabs compute',
        'Now and then a second tab computes a part of an answer again. It sees as much of the prompt as the first.',
      ],
      registerInDht: ['Register files in the swarm', 'Other tabs find what this tab shares.'],
      acceptRemoteLoads: ['Accept shards from others', 'Other tabs may ask this one to load a shard.'],
      acceptRemoteUnloads: [
        'Let chosen tabs take shards off this one',
        'Only those that are ticked in the list of tabs may ask for it.',
      ],
      stayAwake: [
        'Keep the screen on while this tab serves',
        'A device that sleeps serves nobody. Only while the tab is seen, and where the browser allows it.',
      ],
      notify: [
        'Tell me when a long answer is done',
        'By a notice of the browser, which asks for it once, while this tab is hidden.',
      ],
      singleKeys: ['Shortcuts of a single key', 'Off, only Escape, Enter and Shift+Enter do something.'],
    }),
    browser: 'This browser',
    adapter: (adapter: string) => `Adapter: ${adapter}.`,
    layersRun: (onGpu: boolean, reason: string) => `Layers run on the ${onGpu ? 'GPU' : 'processor'}: ${reason}.`,
    /** Why they run there, in the words of the log. */
    reason: (reason: string) => reason,
    used: (bytes: string) => `Storage: ${bytes} used.`,
    deleteModel: 'Delete this model from the browser…',
    deleteYes: 'Leave and delete the shards',
    deleteNo: 'Keep them',
    file: 'Model file on this machine',
    fileHint:
      "This swarm's model need not be fetched then: it is split here, as the server splits it. Another opens in a swarm of its own. Dropping works too.",
  },
  answers: {
    preset: 'Preset',
    presetChoose: 'Choose one…',
    presetName: 'Name of the preset',
    presetPlaceholder: 'Save these options as…',
    presetSave: 'Save',
    presetReplace: 'Replace',
    presetDelete: (name: string) => `Delete the preset ${name}`,
    temperature: 'Temperature',
    ownTemperature: (value: string) => `${value}, the model's own`,
    temperatureHint: '0 always gives the same answer; higher is more varied.',
    useOwn: "Use the model's own",
    longest: 'Longest answer, in tokens',
    systemPrompt: 'System prompt',
    more: 'More about how tokens are drawn',
    modelsOwn: "The model's own",
    scope: 'These are of this conversation, and of new ones.',
    amounts: named({
      topP: ['Top-p', 'Draws from the likeliest, up to this share.'],
      topK: ['Top-k', 'Draws from so many of the likeliest.'],
      minP: ['Min-p', "Nothing below this part of the likeliest's chance."],
      repetitionPenalty: ['Repetition penalty', 'Above 1 repeats less.'],
      presencePenalty: ['Presence penalty', 'Against what was said at all.'],
      frequencyPenalty: ['Frequency penalty', 'Against what was said often.'],
      seed: ['Seed', 'The same seed draws the same answer.'],
    }),
  },
  lend: {
    share: 'Time of the device',
    shareHint: 'For the rest it leaves others waiting; answers through this tab are slower then.',
    noLimit: 'No limit',
    notTold: 'This browser does not tell.',
    limits: named({
      memoryMegabytes: ['Memory for shards, in MB', 'A shard beyond it is not loaded.'],
      diskMegabytes: ['Disk, in MB', 'Of all that this page stores.'],
      uploadKilobytes: ['Upload of shards, in kB a second', 'To all other tabs together.'],
      sessions: ['Conversations of others at once', 'More are sent elsewhere, or wait.'],
    }),
    switches: named({
      onlyTrusted: [
        'Only for tabs that I tick',
        'In the list of tabs. A tab that is opened again is another, and must be ticked again.',
      ],
      onlyCharging: ['Only while charging', 'Otherwise it pauses by itself.'],
      onlyIdle: ['Only while I am away', 'After a minute without a touch or key.'],
    }),
  },

  simulation: {
    label: 'Note on the simulation',
    title: 'This is a simulation.',
    about: (devices: number) =>
      `${plural(devices, 'device')} beside this tab ${devices === 1 ? 'is' : 'are'} made up, in this page. No model computes, nothing is sent, and nothing is kept.`,
    /** @param used - what stands in its place; undefined where it is left out */
    wrong: (given: string, least: number, most: number, used: number | undefined) =>
      `“${given}” in the address is no whole number from ${least} to ${most}: ${used === undefined ? 'it is left out' : `${used} is used`}.`,
  },

  attention: {
    answering: 'Answering…',
    answered: '✓ Answered',
    serving: 'Serving',
    failed: 'The answer ended with an error',
    there: 'The answer is there',
  },

  shortcuts: {
    title: 'Keyboard shortcuts',
    places: {
      anywhere: 'Anywhere on the page',
      outside: 'Outside of fields',
      prompt: 'While you type a prompt',
    },
    switchedOff: 'Switched off in the settings.',
    keys: { Escape: 'Escape', Enter: 'Enter', Shift: 'Shift' },
    does: {
      stop: 'Stop the answer',
      leave: 'Close a dialog, or leave a box without a change',
      sheet: 'Show these shortcuts',
      prompt: 'Go to the prompt',
      newConversation: 'New conversation',
      search: 'Search conversations',
      settings: 'Open the settings',
      send: 'Send',
      newLine: 'New line',
    },
  },
};
