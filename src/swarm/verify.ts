import { type ErrorCode, ShoalError } from '../core/errors.ts';
import { formatLayers } from '../core/ranges.ts';
import { shortId } from '../core/short-id.ts';
import { MAX_NAMED_HOLDERS } from '../protocol/directory-exchange.ts';
import type { Manifest } from '../protocol/manifest.ts';
import type { Lap } from './coordinator/generation.ts';
import type { CommandClient } from './frames/command-client.ts';
import type { ShardRegistry } from './members/shard-registry.ts';
import { type Seen, seenText } from './seen.ts';

/** One line of the verification: what was checked, whether it holds, and what was seen. */
export interface Check {
  readonly name: string;
  /** The tab or the shard that it is of; of the swarm as a whole when absent. */
  readonly of?: { readonly peerId: string } | { readonly shard: number };
  readonly passed: boolean;
  readonly detail: string;
  /** The same as data, where it passed. */
  readonly seen?: Seen;
  /** Of what is wrong. */
  readonly code?: ErrorCode;
}

export interface VerifyOptions {
  readonly manifest: Manifest;
  /** Every node of the swarm, this tab included when it is one. */
  readonly peerIds: readonly string[];
  /** Members of other builds, which can do nothing with this one. */
  readonly otherBuilds: readonly { readonly peerId: string; readonly build: 'older' | 'newer' }[];
  readonly commands: CommandClient;
  readonly registry: ShardRegistry;
  /** Sends a real prompt through the pipeline, around some nodes where others serve the same. */
  readonly prompt: (options: {
    readonly signal?: AbortSignal | undefined;
    readonly avoid?: ReadonlySet<string>;
  }) => Promise<{ readonly text: string; readonly lap: Lap }>;
  readonly signal?: AbortSignal;
}

/** Prompts until every copy has had one, at most, and those in a row that reach nobody new. */
const MAX_PROMPTS = 16;
const MAX_MISSED = 3;

interface NodeFacts {
  readonly peerId: string;
  readonly shards: readonly number[];
}

/** Checks that a swarm is whole, from any tab; yields each check as it is done. */
export async function* verifySwarm(options: VerifyOptions): AsyncGenerator<Check> {
  const nodes: NodeFacts[] = [];
  yield await look('Nodes', async () => {
    if (options.peerIds.length === 0)
      throw new ShoalError('shard-missing', 'No node is in the swarm. Open the page and join with a shard.');
    return { kind: 'nodes', count: options.peerIds.length };
  });
  for (const { peerId, build } of options.otherBuilds) {
    yield await checkOf({ peerId }, `Build of ${shortId(peerId)}`, async () => {
      throw new ShoalError(
        'bad-command',
        build === 'older'
          ? 'It runs an older build than this one, and the two cannot work together. Reload its page.'
          : 'It runs a newer build than this one, and the two cannot work together. Reload this page; if nothing changes, its server must be updated.',
      );
    });
  }
  for (const peerId of options.peerIds) {
    yield await checkOf({ peerId }, `GET_CAPABILITIES of ${shortId(peerId)}`, async () => {
      const { shards, capabilities } = await options.commands.send(
        peerId,
        'GET_CAPABILITIES',
        undefined,
        options.signal,
      );
      nodes.push({ peerId, shards });
      if (!capabilities.shard_loaded)
        throw new ShoalError('shard-not-loaded', 'The node answers, but has no shard loaded.');
      return { kind: 'capabilities', shards, runner: capabilities.runner, adapter: capabilities.adapter };
    });
    yield await checkOf({ peerId }, `LIST_FILES of ${shortId(peerId)}`, () => checkFiles(options, peerId, nodes));
  }
  for (const shard of options.manifest.shards) {
    const label = `Shard ${shard.index} (layers ${formatLayers(shard.layers)})`;
    const holders = nodes.filter(({ shards }) => shards.includes(shard.index));
    const of = { shard: shard.index };
    yield await checkOf(of, `${label}: served`, async () => {
      if (holders.length === 0) throw new ShoalError('shard-missing', `No node serves shard ${shard.index}.`);
      return { kind: 'served', by: holders.map(({ peerId }) => peerId) };
    });
    yield await checkOf(of, `${label}: found in the DHT`, () => checkRegistration(options, shard.index, holders));
  }
  yield* checkPrompt(options, nodes);
  for (const { peerId, shards } of nodes) {
    yield await checkOf({ peerId }, `Log of ${shortId(peerId)}`, () => checkLog(options, peerId, shards));
  }
}

async function checkFiles(
  { commands, manifest, signal }: VerifyOptions,
  peerId: string,
  nodes: readonly NodeFacts[],
): Promise<Seen> {
  const { files } = await commands.send(peerId, 'LIST_FILES', undefined, signal);
  for (const file of files) {
    const shard = manifest.shards.find(({ fileName }) => fileName === file.filename);
    if (!shard || shard.infoHash !== file.info_hash || shard.sizeBytes !== file.size) {
      throw new ShoalError(
        'hash-mismatch',
        `${file.filename} (hash ${file.info_hash}, ${file.size} bytes) is not the manifest's file.`,
      );
    }
  }
  const own = nodes.find((node) => node.peerId === peerId)?.shards ?? [];
  const absent = own.filter((index) => !files.some(({ filename }) => filename === `shard-${index}.gguf`));
  if (absent.length > 0)
    throw new ShoalError('shard-missing', `The node runs shard ${absent.join(', ')} but does not seed it.`);
  return { kind: 'files', names: files.map(({ filename }) => filename), all: manifest.shards.length };
}

async function checkRegistration(
  { registry, signal }: VerifyOptions,
  index: number,
  holders: readonly NodeFacts[],
): Promise<Seen> {
  const found = await registry.find(index, signal);
  // Of many holders the directory names some.
  const complete = found.holders.length < MAX_NAMED_HOLDERS;
  const silent = holders.filter(({ peerId }) => complete && !found.holders.includes(peerId));
  if (found.holders.length === 0 || silent.length > 0) {
    const who = silent.map(({ peerId }) => shortId(peerId)).join(', ') || 'any node';
    throw new ShoalError('shard-missing', `${found.fileName} has a record, but ${who} is not registered as a holder.`);
  }
  return { kind: 'registered', file: found.fileName, hash: found.infoHash, holders: found.holders.length };
}

async function* checkPrompt(options: VerifyOptions, nodes: readonly NodeFacts[]): AsyncGenerator<Check> {
  const { manifest, prompt, signal } = options;
  let lap: Lap | undefined;
  yield await look('A prompt through every shard', async () => {
    const answer = await prompt({ signal });
    lap = answer.lap;
    return { kind: 'answered', text: answer.text.trim(), lapMs: answer.lap.totalMs };
  });
  for (const { index, layers } of manifest.shards) {
    yield await checkOf({ shard: index }, `EXECUTE_TASK on shard ${index}`, async () => {
      const stage = lap?.stages.find((other) => other.layers.start <= layers.start && layers.end <= other.layers.end);
      if (!stage) throw new ShoalError('shard-missing', `No stage ran layers ${formatLayers(layers)}.`);
      const { computeMs, wireMs, waitMs } = stage;
      return { kind: 'computed', layers: stage.layers, at: stage.peerId, computeMs, wireMs, waitMs };
    });
  }
  const passed = new Set(lap?.stages.map(({ peerId }) => peerId));
  if (lap && nodes.some(({ peerId, shards }) => shards.length > 0 && !passed.has(peerId)))
    yield await look('A prompt through every copy', () => promptEveryCopy(options, nodes, passed));
}

/** Prompts around those that have had one, until every node has. @param passed - grows */
async function promptEveryCopy(
  { prompt, signal }: VerifyOptions,
  nodes: readonly NodeFacts[],
  passed: Set<string>,
): Promise<Seen> {
  const serving = nodes.filter(({ shards }) => shards.length > 0);
  const left = () => serving.filter(({ peerId }) => !passed.has(peerId));
  let prompts = 1;
  for (let missed = 0; left().length > 0 && missed < MAX_MISSED && prompts < MAX_PROMPTS; prompts++) {
    const before = passed.size;
    const { lap } = await prompt({ signal, avoid: new Set(passed) });
    for (const { peerId } of lap.stages) passed.add(peerId);
    missed = passed.size > before ? 0 : missed + 1;
  }
  const silent = left().map(({ peerId }) => shortId(peerId));
  if (silent.length > 0)
    throw new ShoalError('peer-unreachable', `After ${prompts} prompts none has gone through ${silent.join(', ')}.`);
  return { kind: 'copies', prompts, nodes: serving.length };
}

async function checkLog(
  { commands, manifest, signal }: VerifyOptions,
  peerId: string,
  shards: readonly number[],
): Promise<Seen> {
  const { log } = await commands.send(peerId, 'GET_STATS', undefined, signal);
  const expected = shards.flatMap((index) => {
    const { infoHash, fileName } = manifest.shards[index]!;
    return [
      [`[TORRENT] ✓ Seeding primary shard: ${fileName} (hash: ${infoHash})`],
      [`[TORRENT] ✓ Registered torrent file in DHT: ${fileName} (hash: ${infoHash})`],
      [`[SHARD] ✓✓✓ SHARD ${index} LOADED ✓✓✓`, `[SHARD] ✓✓✓ SHARD ${index} LOADED BEFORE JOINING NETWORK ✓✓✓`],
    ];
  });
  const absent = expected.filter((alternatives) => !alternatives.some((line) => log.includes(line)));
  if (absent.length > 0)
    throw new ShoalError('internal', `The node's log lacks: ${absent.map((lines) => lines[0]).join('; ')}`);
  const ofDevice = log.filter((line) => line.startsWith('[GPU]'));
  if (ofDevice.length > 0)
    throw new ShoalError('internal', `The node's GPU found fault with what it computed: ${ofDevice.join('; ')}`);
  return { kind: 'logged', lines: expected.length };
}

/** A check of one tab or shard. */
async function checkOf(of: NonNullable<Check['of']>, name: string, run: () => Promise<Seen>): Promise<Check> {
  return { ...(await look(name, run)), of };
}

/** A check that tells what it has seen as data, too. */
async function look(name: string, run: () => Promise<Seen>): Promise<Check> {
  let seen: Seen | undefined;
  const done = await check(name, async () => {
    seen = await run();
    return seenText(seen);
  });
  return seen ? { ...done, seen } : done;
}

/** Runs one check: what it returns is the detail, what it throws is the reason why it failed. */
export async function check(name: string, run: () => Promise<string>): Promise<Check> {
  try {
    return { name, passed: true, detail: await run() };
  } catch (error) {
    const { message, code } = ShoalError.from(error);
    return { name, passed: false, detail: message, code };
  }
}
