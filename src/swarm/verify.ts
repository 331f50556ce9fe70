import { ShoalError } from '../core/errors.ts';
import { formatLayers } from '../core/ranges.ts';
import { shortId } from '../core/short-id.ts';
import { MAX_NAMED_HOLDERS } from '../protocol/directory-exchange.ts';
import type { Manifest } from '../protocol/manifest.ts';
import type { Lap } from './coordinator/generation.ts';
import type { CommandClient } from './frames/command-client.ts';
import type { ShardRegistry } from './members/shard-registry.ts';

/** One line of the verification: what was checked, whether it holds, and what was seen. */
export interface Check {
  readonly name: string;
  readonly passed: boolean;
  readonly detail: string;
}

export interface VerifyOptions {
  readonly manifest: Manifest;
  /** Every node of the swarm, this tab included when it is one. */
  readonly peerIds: readonly string[];
  readonly commands: CommandClient;
  readonly registry: ShardRegistry;
  /** Sends a real prompt through the pipeline. */
  readonly prompt: (signal?: AbortSignal) => Promise<{ readonly text: string; readonly lap: Lap }>;
  readonly signal?: AbortSignal;
}

interface NodeFacts {
  readonly peerId: string;
  readonly shards: readonly number[];
}

/** Checks that a swarm is whole, from any tab; yields each check as it is done. */
export async function* verifySwarm(options: VerifyOptions): AsyncGenerator<Check> {
  const nodes: NodeFacts[] = [];
  yield await check('Nodes', async () => {
    if (options.peerIds.length === 0)
      throw new ShoalError('shard-missing', 'No node is in the swarm. Open the page and join with a shard.');
    return `${options.peerIds.length} in the swarm`;
  });
  for (const peerId of options.peerIds) {
    yield await check(`GET_CAPABILITIES of ${shortId(peerId)}`, async () => {
      const { shards, capabilities } = await options.commands.send(
        peerId,
        'GET_CAPABILITIES',
        undefined,
        options.signal,
      );
      nodes.push({ peerId, shards });
      if (!capabilities.shard_loaded)
        throw new ShoalError('shard-not-loaded', 'The node answers, but has no shard loaded.');
      return `shard_loaded, shards ${shards.join(', ')}, ${capabilities.runner} on ${capabilities.adapter}`;
    });
    yield await check(`LIST_FILES of ${shortId(peerId)}`, () => checkFiles(options, peerId, nodes));
  }
  for (const shard of options.manifest.shards) {
    const label = `Shard ${shard.index} (layers ${formatLayers(shard.layers)})`;
    const holders = nodes.filter(({ shards }) => shards.includes(shard.index));
    yield await check(`${label}: served`, async () => {
      if (holders.length === 0) throw new ShoalError('shard-missing', `No node serves shard ${shard.index}.`);
      return `by ${holders.map(({ peerId }) => shortId(peerId)).join(', ')}`;
    });
    yield await check(`${label}: found in the DHT`, () => checkRegistration(options, shard.index, holders));
  }
  yield* checkPrompt(options);
  for (const { peerId, shards } of nodes) {
    yield await check(`Log of ${shortId(peerId)}`, () => checkLog(options, peerId, shards));
  }
}

async function checkFiles(
  { commands, manifest, signal }: VerifyOptions,
  peerId: string,
  nodes: readonly NodeFacts[],
): Promise<string> {
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
  return `${files.length} of ${manifest.shards.length} files: ${files.map(({ filename }) => filename).join(', ')}`;
}

async function checkRegistration(
  { registry, signal }: VerifyOptions,
  index: number,
  holders: readonly NodeFacts[],
): Promise<string> {
  const found = await registry.find(index, signal);
  // Of many holders the directory names some.
  const complete = found.holders.length < MAX_NAMED_HOLDERS;
  const silent = holders.filter(({ peerId }) => complete && !found.holders.includes(peerId));
  if (found.holders.length === 0 || silent.length > 0) {
    const who = silent.map(({ peerId }) => shortId(peerId)).join(', ') || 'any node';
    throw new ShoalError('shard-missing', `${found.fileName} has a record, but ${who} is not registered as a holder.`);
  }
  return `${found.fileName}, hash ${found.infoHash}, ${found.holders.length} holder(s)`;
}

async function* checkPrompt({ manifest, prompt, signal }: VerifyOptions): AsyncGenerator<Check> {
  let lap: Lap | undefined;
  yield await check('A prompt through every shard', async () => {
    const answer = await prompt(signal);
    lap = answer.lap;
    return `“${answer.text.trim()}”, last lap ${answer.lap.totalMs.toFixed(0)} ms`;
  });
  for (const { index, layers } of manifest.shards) {
    yield await check(`EXECUTE_TASK on shard ${index}`, async () => {
      const stage = lap?.stages.find((other) => other.layers.start <= layers.start && layers.end <= other.layers.end);
      if (!stage) throw new ShoalError('shard-missing', `No stage ran layers ${formatLayers(layers)}.`);
      const times = `${stage.computeMs.toFixed(1)} ms compute, ${stage.wireMs.toFixed(1)} ms wire, ${stage.waitMs.toFixed(1)} ms wait`;
      return `layers ${formatLayers(stage.layers)} at ${shortId(stage.peerId)}: ${times}`;
    });
  }
}

async function checkLog(
  { commands, manifest, signal }: VerifyOptions,
  peerId: string,
  shards: readonly number[],
): Promise<string> {
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
  return `${expected.length} expected lines found`;
}

/** Runs one check: what it returns is the detail, what it throws is the reason why it failed. */
export async function check(name: string, run: () => Promise<string>): Promise<Check> {
  try {
    return { name, passed: true, detail: await run() };
  } catch (error) {
    return { name, passed: false, detail: ShoalError.from(error).message };
  }
}
