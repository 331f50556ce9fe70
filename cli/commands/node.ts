import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { defineCommand } from 'citty';
import { ShoalError } from '../../src/core/errors.ts';
import { isWithin } from '../../src/core/log.ts';
import { MAX_NAME_CHARS } from '../../src/protocol/limits.ts';
import { FolderClaims, olderClaims } from '../folder-claim.ts';
import { LOG_OPTION, parseLogLevel } from '../log-option.ts';
import { DEFAULT_DATA_DIR } from '../model-source.ts';
import { serveHealth } from '../node/health-server.ts';
import { nodeTab, type ShardChoice } from '../node/node-tab.ts';
import { aborted, stopSignal } from '../stop-signal.ts';
import { parseNumber, readStrictly } from '../strict-options.ts';
import { PLACE_ARGS, parseTimeout, readPlace } from '../swarm-place.ts';

const args = {
  ...PLACE_ARGS,
  shards: {
    type: 'string',
    default: 'auto',
    valueHint: 'N,N…',
    description: 'Shards to serve; auto: what the swarm needs most, all: the whole model',
  },
  memory: {
    type: 'string',
    valueHint: 'SIZE',
    description: 'Most that shards may take of the memory, e.g. 800M or 8G',
  },
  upload: { type: 'string', valueHint: 'SIZE', description: 'Most to send to other tabs a second, e.g. 500K or 2M' },
  data: {
    type: 'string',
    default: join(DEFAULT_DATA_DIR, 'node'),
    valueHint: 'DIR',
    description: 'Where shards and the place in the swarm are kept; a folder for each node',
  },
  name: { type: 'string', valueHint: 'NAME', description: "What others see it as; this machine's name unless given" },
  health: {
    type: 'string',
    valueHint: 'PORT',
    description: 'Tell this machine at /healthz and /metrics how it is; 0 takes a free port',
  },
  log: { ...LOG_OPTION, default: 'warn' },
  timeout: { type: 'string', default: '300', valueHint: 'SECONDS', description: 'How long until a shard must serve' },
} as const;

export default defineCommand({
  meta: { name: 'node', description: 'Serves shards in a swarm without a window, through a tab of its own.' },
  args,
  run: async ({ args: options, rawArgs }) => {
    readStrictly(rawArgs, args);
    const place = await readPlace(options.invite, options.server);
    const shards = parseShards(options.shards);
    const level = parseLogLevel(options.log);
    const timeoutMs = parseTimeout(options.timeout);
    const port = options.health === undefined ? undefined : parseNumber('health', options.health, 0, 65_535);
    const settings = {
      name: (options.name ?? hostname()).slice(0, MAX_NAME_CHARS),
      ...(options.memory === undefined ? {} : { memoryMegabytes: parseSize('memory', options.memory) / 1e6 }),
      ...(options.upload === undefined ? {} : { uploadKilobytes: parseSize('upload', options.upload) / 1e3 }),
    };
    const stopping = stopSignal();
    const profileDir = resolve(options.data);
    const claims = new FolderClaims();
    const onNotice = (text: string) => console.error(`shoal: ${text}`);
    const tab = nodeTab({
      ...{ ...place, profileDir, shards, settings, timeoutMs, onNotice },
      onLog: (lineLevel, line) => {
        if (isWithin(lineLevel, level)) console.error(line);
      },
    });
    try {
      await claims.add(profileDir, 'node');
      const [other] = await olderClaims(profileDir);
      if (other) {
        const used = `${profileDir} is used by another node (process ${other.pid} of ${other.host}).`;
        throw new ShoalError('bad-request', `${used} Stop that one, or name another folder with --data.`);
      }
      const health = port === undefined ? undefined : await serveHealth(() => tab.current, port);
      if (health) onNotice(`Its health is told at ${health.url}/healthz.`);
      const opened = tab.open();
      await Promise.race([opened, aborted(stopping)]);
      if (!stopping.aborted) console.log("Shoal's node is serving.");
      await aborted(stopping);
    } catch (error) {
      if (!stopping.aborted) throw error;
    } finally {
      await tab.close();
      await claims.giveUp();
    }
    process.exit(0);
  },
});

function parseShards(text: string): ShardChoice {
  if (text === 'auto' || text === 'all') return text;
  if (/^\d{1,4}(,\d{1,4})*$/.test(text)) return text.split(',').map(Number);
  throw new ShoalError('bad-request', `--shards is "${text}", expected auto, all, or numbers such as 0,2.`);
}

/** In bytes. */
function parseSize(name: string, text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([KMGT])B?$/i.exec(text) ?? [];
  if (amount === undefined)
    throw new ShoalError('bad-request', `--${name} is "${text}", expected e.g. 500K, 800M or 8G.`);
  return Number(amount) * 1000 ** (1 + 'KMGT'.indexOf(unit!.toUpperCase()));
}
