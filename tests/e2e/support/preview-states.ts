import { signal } from '@preact/signals';
import type { MemberRow } from '../../../src/app/app-model.ts';
import { type Seen, seenText } from '../../../src/swarm/seen.ts';
import { type PreviewModel, SELF } from './preview-model.ts';

const OTHERS = [
  '12D3KooWB8dF1hZk4uXn2vQw9rTy6pLs3mAe7cGj5oRiNtUx4fWd',
  '12D3KooWGh5tR8yVb2nK6wQe3zXc9sLp1mJd4fUa7oHiBvTg0kMr',
  '12D3KooWLm9pZ4xCv7bN1qWe5rTy8uIo2sDf6gHj3kAlXcVb0nQz',
] as const;

/** Two of the tabs are called the same. */
const NAMES: Readonly<Record<string, string>> = {
  [SELF]: 'Chrome on Windows',
  [OTHERS[0]]: 'Firefox on Linux',
  [OTHERS[1]]: 'Kitchen laptop',
  [OTHERS[2]]: 'Chrome on Windows',
};

const NO_GPU = { kind: 'cpu', reason: 'this browser gives no GPU' } as const;

const ANSWER = `The tides are the sea **breathing** in and out, twice a day. The Moon pulls on the water, and the water nearest the Moon bulges towards it.

1. As the Earth turns, your beach passes through that bulge: *high tide*.
2. Half a day later it passes through the bulge on the other side.
3. In between the water is low.

\`\`\`python
def tide(hours):
    return math.cos(2 * math.pi * hours / 12.42)
\`\`\`

> The Sun helps a little, too: when both pull together, the tide is highest.

| when | tide |
|---|---|
| new and full Moon | spring |
| half Moon | neap |
`;

const FORMULAS = String.raw`
The pull falls off with the cube of the distance \( r \):

\[ a = \frac{2 G M R}{r^3} \approx 1.1 \times 10^{-6} \; \mathrm{m/s^2} \]
`;

/** The page in every state that a person meets. */
export const PREVIEW_STATES = {
  first: () => undefined,
  connecting: (model) => {
    model.shards.value = [];
    model.model.value = undefined;
    model.inviteLink.value = '';
    model.swarm.value = {
      ...model.swarm.value,
      state: 'connecting',
      othersKnown: false,
      missing: [],
      introduction: 'connecting',
    };
  },
  listening: (model) => {
    model.swarm.value = { ...model.swarm.value, othersKnown: false };
  },
  downloading: (model) => {
    join(model, [], [], [0, 1, 2, 3]);
    model.changeShard(0, {
      ...{ ...fetching(28_600_000), peers: 1, secondsLeft: 5.2, sources: ['tabs', 'server'] },
      ...exchanged(28_600_000, 46_200_000),
    });
    model.changeShard(1, {
      ...{ ...fetching(17_300_000), state: 'verifying', downBytesPerSecond: 0, sources: ['storage'] },
    });
  },
  hub: (model) => {
    join(model, [], [], [0, 1, 2]);
    const hub = { host: 'huggingface.co', bytes: 28_600_000, trouble: undefined };
    model.changeShard(0, {
      ...{ ...fetching(28_600_000), peers: 0, secondsLeft: 5.2, sources: ['hub'], receivedBytes: 28_600_000 },
      hub: { ...hub, state: 'fetching' },
    });
    model.changeShard(1, { ...fetching(0), hub: { ...hub, bytes: 0, state: 'resting', trouble: 'busy' } });
    model.changeShard(2, { ...fetching(0), hub: { ...hub, bytes: 0, state: 'refused', trouble: 'wrong-bytes' } });
  },
  waiting: (model) => {
    join(model, [0], [1], [2]);
    serve(model, 0, 1);
    model.changeShard(1, { holders: 1 });
    model.changeShard(3, { holders: 1 });
  },
  ready: (model) => {
    join(model, [0], [1, 2, 3], []);
    for (const index of [0, 1, 2, 3]) model.changeShard(index, { holders: 1 });
    serve(model, 0, 1);
    model.changeShard(1, { storedBytes: 17_300_000, verified: true, seeding: true, peers: 2, sentBytes: 17_300_000 });
    model.changeShard(2, { ...fetching(6_100_000), state: 'absent', secondsLeft: 8 });
    conversation(model);
    laps(model, [SELF, ...OTHERS]);
    log(model, 30);
  },
  /** Over a simulation, with two parameters that are none. */
  simulated: (model) => {
    PREVIEW_STATES.guest(model);
    const wrong = [
      { name: 'simulate', given: '99999999999999999999', least: 1, most: 24, used: 5 },
      { name: 'joins', given: 'now', least: 2, most: 3600, used: undefined },
    ];
    model.simulation = { devices: 5, wrong };
  },
  private: (model) => {
    PREVIEW_STATES.waiting(model);
    const { value } = model.inviteLink;
    model.admission.value = 'member';
    model.inviteLink.value = `${value}&s=${'Zk3'.repeat(14)}w`;
    model.guestLink.value = `${value}&s=${'q7-Lm_'.repeat(14)}8A`;
  },
  'private-guest': (model) => {
    PREVIEW_STATES.guest(model);
    model.admission.value = 'guest';
    model.inviteLink.value += `&s=${'q7-Lm_'.repeat(14)}8A`;
  },
  guest: (model) => {
    model.swarm.value = { ...model.swarm.value, state: 'ready', missing: [], nodes: 4 };
    for (const index of [0, 1, 2, 3]) model.changeShard(index, { holders: index + 1 });
  },
  /** With other conversations in the list, and a question that was asked in three ways. */
  conversations: (model) => {
    PREVIEW_STATES.ready(model);
    const { conversations } = model;
    conversations.title.value = 'Explain the tides to a child in three sentences.';
    const row = { modelName: 'SmolLM2-135M', pinned: false, busy: false, elsewhere: false };
    const savedAtMs = new Date(2026, 0, 1).getTime();
    conversations.rows.value = [
      { ...row, id: 'pin', title: 'Words for the school play', pinned: true, savedAtMs, texts: ['Words', 'Curtain'] },
      { ...row, id: 'now', title: conversations.title.value, savedAtMs: undefined, texts: ['Tides', 'Moon'] },
      { ...row, id: 'busy', title: 'A recipe for bread', savedAtMs: undefined, busy: true, texts: ['Bread'] },
      { ...row, id: 'far', title: 'قصة قصيرة عن البحر', savedAtMs, elsewhere: true, texts: ['البحر'] },
      { ...row, id: 'long', title: 'Fibonacci'.repeat(12), modelName: '', savedAtMs, texts: ['def fib(n):'] },
    ];
    const [first, ...rest] = model.messages.value;
    model.messages.value = [{ ...first!, branch: { number: 2, count: 3 } }, ...rest];
  },
  /** Another tab has a room. */
  rooms: (model) => {
    PREVIEW_STATES.ready(model);
    model.members.value = model.members.value.map((member, index) =>
      index === 2 ? { ...member, room: true } : member,
    );
  },
  /** In another tab's room. */
  room: (model) => {
    PREVIEW_STATES.rooms(model);
    const peerId = OTHERS[1];
    model.messages.value = model.messages.value.map((message) =>
      message.role === 'user' ? { ...message, by: { peerId, name: 'Kitchen laptop' } } : message,
    );
    model.rooms.followed.value = { peerId, title: signal('The tides'), state: signal('open') };
  },
  /** This tab's conversation is a room. */
  'own-room': (model) => {
    PREVIEW_STATES.ready(model);
    model.rooms.hosted.value = model.conversations.current.value;
    model.rooms.followers.value = 2;
  },
  streaming: (model) => {
    PREVIEW_STATES.ready(model);
    model.begin('And why twice a day, not once?');
    model.progressNote.value = 'Reading the prompt: 64 of 120 tokens';
  },
  recovered: (model) => {
    PREVIEW_STATES.ready(model);
    const [first, second, third] = OTHERS;
    const layers = { start: 8, end: 16 };
    model.happened({ kind: 'waited', layers, peerIds: [second], waitedMs: 12_400, outcome: 'served' }, 95);
    const left = { kind: 'replaced', layers, positions: 212 } as const;
    model.happened({ ...left, reason: 'leaving', from: [second], to: [third], pauseMs: 3.4 }, 41);
    model.happened({ ...left, reason: 'lost', from: [third], to: [first], pauseMs: 412 }, 12);
  },
  eventful: (model) => {
    PREVIEW_STATES.recovered(model);
    const why = 'Nobody serves shard 1 (layers 8-15). Join with it here, or share the invite link.';
    const layers = { start: 16, end: 30 };
    model.happened({ kind: 'resent', code: 'shard-missing', why }, 9);
    const lie = { kind: 'otherwise', layers, holder: SELF, difference: 1.93 } as const;
    model.happened({ kind: 'expelled', peerId: OTHERS[1], lie, why: '' }, 8);
    model.happened({ kind: 'queued', waitedMs: 4100, outcome: 'served' }, 8);
    model.happened({ kind: 'reopened', tokens: 57 }, 7);
    model.happened({ kind: 'waited', layers, peerIds: [], waitedMs: 72_000, outcome: 'given-up' }, 6);
    const device = { kind: 'replaced', reason: 'lost', layers, from: [SELF], to: [SELF], pauseMs: 2140 } as const;
    model.happened({ ...device, positions: 1 }, 5);
  },
  waitingForShard: (model) => {
    stalled(model);
    model.members.value = model.members.value.map((row, index) => (index === 1 ? { ...row, pending: [1] } : row));
    model.wait.value = {
      reason: 'shard',
      layers: { start: 8, end: 16 },
      peerIds: [model.members.value[1]!.peerId],
      waitedMs: 12_000,
    };
  },
  waitingForAnybody: (model) => {
    stalled(model);
    model.wait.value = { reason: 'shard', layers: { start: 8, end: 16 }, peerIds: [], waitedMs: 5000 };
  },
  queued: (model) => {
    PREVIEW_STATES.ready(model);
    model.begin('And why twice a day, not once?');
    model.wait.value = { reason: 'queue', place: 3, seconds: 3.6 };
  },
  handingOver: (model) => {
    PREVIEW_STATES.ready(model);
    model.leaving.value = true;
    model.members.value = model.members.value.map((row, index) => ({ ...row, draining: index % 2 === 0 }));
  },
  soleHolder: (model) => {
    PREVIEW_STATES.ready(model);
    model.farewell.value = { shards: [2, 3], copiedShare: 0.22, answers: 1, waiting: false };
  },
  copying: (model) => {
    PREVIEW_STATES.ready(model);
    model.farewell.value = { shards: [2, 3], copiedShare: 0.64, answers: 0, waiting: true };
  },
  failed: (model) => {
    PREVIEW_STATES.ready(model);
    model.begin('Go on.');
    model.stream('The second bulge is there because');
    const error = 'The tab that ran layers 16-22 (…Cv7bN1) left in the middle of the answer.';
    model.end({ state: 'error', error, errorCode: 'peer-gone', continuable: true });
    model.swarm.value = { ...model.swarm.value, state: 'waiting', missing: [2], nodes: 3 };
    model.changeShard(2, { holders: 0 });
  },
  errors: (model) => {
    join(model, [1], [], [0, 2, 3]);
    model.changeShard(1, {
      state: 'error',
      error: 'Not enough GPU memory: shard 1 needs 17.3 MB beside the 1 GB in use.',
    });
    model.alerts.value = [
      {
        id: 0,
        level: 'error',
        text: 'Shard 1: the disk is full.',
        code: 'storage-full',
      },
      {
        id: 1,
        level: 'warning',
        text: 'shard-2.gguf from peer …4fWd had a wrong hash; it is fetched again elsewhere.',
      },
      {
        id: 2,
        level: 'info',
        text: "SmolLM2.gguf is this swarm's model: all 4 shards are in this browser now. Join to run them.",
      },
    ];
  },
  rich: (model) => {
    PREVIEW_STATES.ready(model);
    model.say('Explain the tides with a formula and some code.', ANSWER + FORMULAS);
    model.say(
      'ما هو المد والجزر؟',
      'المد والجزر هو **ارتفاع** وانخفاض مستوى سطح البحر.\n\n- بسبب القمر\n- وبسبب الشمس',
    );
  },
  noWebgpu: (model) => {
    model.environment.value = { ...model.environment.value, webgpu: 'missing', adapter: '', runner: NO_GPU };
  },
  software: (model) => {
    model.environment.value = {
      ...model.environment.value,
      webgpu: 'software',
      adapter: 'SwiftShader',
      runner: NO_GPU,
    };
  },
  insecure: (model) => {
    PREVIEW_STATES.connecting(model);
    model.environment.value = { ...model.environment.value, secureContext: false, webgpu: 'missing', adapter: '' };
    model.swarm.value = { ...model.swarm.value, state: 'offline', introduction: 'offline' };
  },
  offline: (model) => {
    model.swarm.value = { ...model.swarm.value, state: 'offline', introduction: 'offline' };
  },
  verified: (model) => {
    PREVIEW_STATES.ready(model);
    const passed = (seen: Seen) => ({ passed: true, detail: seenText(seen), seen });
    const [self, shard] = [{ peerId: SELF }, { shard: 2 }];
    model.checks.value = [
      { name: 'Nodes', ...passed({ kind: 'nodes', count: 4 }) },
      {
        name: 'GET_CAPABILITIES of R2bKn7Tq',
        ...passed({ kind: 'capabilities', shards: [0], runner: 'webgpu', adapter: 'RTX 4070' }),
        of: self,
      },
      {
        name: 'LIST_FILES of R2bKn7Tq',
        ...passed({ kind: 'files', names: ['shard-0.gguf', 'shard-1.gguf'], all: 4 }),
        of: self,
      },
      { name: 'Shard 2 (layers 16-22): served', ...passed({ kind: 'served', by: [OTHERS[0]!] }), of: shard },
      {
        name: 'Shard 2 (layers 16-22): found in the DHT',
        passed: false,
        detail: 'No record for 9f1b6f0d0a3c54e8b7a1c2d3e4f5a6b7c8d9e0f1 was found from another tab.',
        of: shard,
      },
    ];
  },
  long: (model) => {
    PREVIEW_STATES.ready(model);
    log(model, 1000);
    model.model.value = { ...model.model.value!, name: `Long-${'name-'.repeat(40)}Q4_1` };
    model.say('W'.repeat(300), `A${'a'.repeat(400)} and \`${'code'.repeat(80)}\``);
  },
} satisfies Record<string, (model: PreviewModel) => void>;

export type PreviewState = keyof typeof PREVIEW_STATES;

function join(model: PreviewModel, own: number[], elsewhere: number[], missing: number[]): void {
  model.swarm.value = {
    ...model.swarm.value,
    role: 'node',
    nodes: 1 + elsewhere.length,
    state: missing.length > 0 ? 'waiting' : 'ready',
    missing,
  };
  model.members.value = [
    member(SELF, own, true),
    ...elsewhere.map((shard, index) => member(OTHERS[index]!, [shard], false)),
  ];
  model.heardNames.value = new Map(model.members.value.map(({ peerId, name }) => [peerId, name]));
}

function member(peerId: string, ready: number[], self: boolean): MemberRow {
  return {
    peerId,
    name: NAMES[peerId] ?? '',
    self,
    ready,
    pending: [],
    connected: true,
    draining: false,
    layersPerSecond: 420,
  };
}

/** Shard 1 has gone in the middle of an answer. */
function stalled(model: PreviewModel): void {
  PREVIEW_STATES.recovered(model);
  model.begin('And why twice a day, not once?');
  model.stream('Because the water bulges on both sides of the Earth: once towards the Moon, and');
  model.swarm.value = { ...model.swarm.value, state: 'waiting', missing: [1], nodes: 3 };
  model.members.value = model.members.value.filter(({ ready }) => !ready.includes(1));
  model.changeShard(1, { holders: 0, storedBytes: 0, verified: false, seeding: false, peers: 0, sentBytes: 0 });
}

/** Some of it from two tabs and the server, nearly all of it in order. */
function exchanged(storedBytes: number, totalBytes: number) {
  const share = storedBytes / totalBytes;
  const parts = Array.from({ length: 64 }, (_, part) => (part < 60 * share ? 1 : part % 16 === 0 ? 0.5 : 0));
  return {
    pieces: { stored: Math.round(177 * share), count: 177, parts },
    receivedBytes: storedBytes,
    serverBytes: Math.round(storedBytes / 3),
    sentBytes: 1_840_000,
    traffic: [
      { peerId: OTHERS[0], receivedBytes: Math.round(storedBytes / 2), sentBytes: 1_200_000, connected: true },
      { peerId: OTHERS[1], receivedBytes: Math.round(storedBytes / 6), sentBytes: 0, connected: false },
      { peerId: undefined, receivedBytes: 0, sentBytes: 640_000, connected: true },
    ],
  };
}

function fetching(storedBytes: number) {
  return {
    state: 'downloading',
    storedBytes,
    downBytesPerSecond: 3_400_000,
    upBytesPerSecond: 120_000,
    peers: 2,
  } as const;
}

function serve(model: PreviewModel, index: number, holders: number): void {
  const { totalBytes } = model.shards.value[index]!;
  const rates = { upBytesPerSecond: 1_240_000, sentBytes: 71_000_000, peers: 3 };
  model.changeShard(index, {
    state: 'ready',
    storedBytes: totalBytes,
    verified: true,
    seeding: true,
    holders,
    ...rates,
  });
}

function conversation(model: PreviewModel): void {
  model.say('What is the capital of France?', 'The capital of France is Paris.', {
    note: '8 tokens · 12.1 tokens/s · first token after 0.9 s, 37 new prompt tokens · on 3 tabs',
  });
  model.say('Explain the tides to a child, please, in a few sentences.', ANSWER, {
    note: '148 tokens · 11.8 tokens/s · first token after 0.4 s, 22 new prompt tokens · on 3 tabs',
  });
  model.tokensPerSecond.value = 11.8;
}

function laps(model: PreviewModel, peerIds: readonly string[]): void {
  const ranges = [0, 8, 16, 23, 30];
  const compute = [14.2, 12.9, 31.4, 15.6];
  model.lap.value = {
    laps: 214,
    atMs: 0,
    totalMs: 86.4,
    stages: peerIds.map((peerId, index) => ({
      peerId,
      layers: { start: ranges[index]!, end: ranges[index + 1]! },
      computeMs: compute[index]!,
      waitMs: index === 2 ? 5.1 : 0.3,
      wireMs: index === 0 ? 0 : 2.2 + index,
      roundTripMs: 1.4,
    })),
  };
}

function log(model: PreviewModel, count: number): void {
  const start = new Date(2026, 0, 1, 14, 3, 9).getTime();
  model.logLines.value = Array.from({ length: count }, (_, index) => ({
    timeMs: start + 700 * index,
    level: index % 17 === 9 ? 'warn' : index % 29 === 20 ? 'error' : 'info',
    scope: index % 2 ? 'TORRENT' : 'EXECUTE_TASK',
    text:
      index % 2
        ? `✓ Seeding primary shard: shard-${index % 4}.gguf (hash: 9f1b6f0d0a3c54e8b7a1c2d3e4f5a6b7c8d9e0f1)`
        : `Processing inference for shard 0, line ${index}`,
  }));
}
