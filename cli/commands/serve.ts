import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { defineCommand } from 'citty';
import packageJson from '../../package.json' with { type: 'json' };
import { interfaceAddresses, reachableAddresses } from '../../signaling-server/addresses.ts';
import { ClientAddresses } from '../../signaling-server/client-address.ts';
import { checkPort } from '../../signaling-server/listen.ts';
import { type RunningServer, startServer } from '../../signaling-server/server.ts';
import type { Invite } from '../../src/app/invite.ts';
import { ShoalError } from '../../src/core/errors.ts';
import { log } from '../../src/core/log.ts';
import { guestSecretOf } from '../../src/protocol/private-swarm.ts';
import { parseAllowedOrigin } from '../allowed-origin.ts';
import { announcement } from '../announce.ts';
import { DEFAULT_BRIDGE_PORT } from '../bridge/api-address.ts';
import { type RunningBridge, serveBridge } from '../bridge/bridge.ts';
import { CATALOGUE } from '../catalogue.ts';
import { type Certificate, readCertificate, selfSignedCertificate } from '../certificate.ts';
import { CHAT_TEMPLATE_OPTION, readChatTemplate } from '../chat-template.ts';
import { FolderClaims } from '../folder-claim.ts';
import { parseIceServer } from '../ice-server.ts';
import { LOG_OPTION, parseLogLevel } from '../log-option.ts';
import { DEFAULT_DATA_DIR, MODEL_FORMS } from '../model-source.ts';
import { buildPage } from '../page-build.ts';
import { loadSecret } from '../private-swarm.ts';
import { ProgressLine } from '../progress.ts';
import { parsePeerServer, parsePublicUrl } from '../public-url.ts';
import { ServedModels } from '../served-models.ts';
import { aborted, stopSignal } from '../stop-signal.ts';
import { parseNumber, readStrictly, takeOptionalNumber } from '../strict-options.ts';

/** Of the API: other machines have the page. */
const API_HOST = '127.0.0.1';
const ROOT = resolve(import.meta.dirname, '../..');

const args = {
  port: { type: 'string', default: '8787', valueHint: 'PORT', description: 'Port; 0 takes a free one' },
  host: {
    type: 'string',
    default: '127.0.0.1',
    valueHint: 'ADDRESS',
    description: 'Address; 0.0.0.0 for every network',
  },
  https: { type: 'boolean', description: 'Serve HTTPS, with a certificate made on the first start' },
  cert: { type: 'string', valueHint: 'FILE', description: 'Certificate for HTTPS, PEM' },
  key: { type: 'string', valueHint: 'FILE', description: 'Key of the certificate, PEM' },
  'public-url': {
    type: 'string',
    valueHint: 'URL',
    description: 'Where others reach the page, if behind a proxy; https://host/path/',
  },
  'allow-origin': {
    type: 'string',
    valueHint: 'ORIGIN',
    description: 'Pages of another site that may use this server, https://site, or * for all; repeat for more',
  },
  'peer-server': {
    type: 'string',
    valueHint: 'URL',
    description: 'Page of another server that shares the swarm, and names this one too, https://host/; repeat for more',
  },
  'trust-proxy': {
    type: 'string',
    valueHint: 'ADDRESS',
    description: 'Reverse proxy whose X-Forwarded-For is believed, an address or network; repeat for more',
  },
  model: {
    type: 'string',
    valueHint: 'MODEL',
    description: `What to serve instead of ${CATALOGUE[0].id}; repeat for more, the page opens with the first: ${MODEL_FORMS}`,
  },
  only: { type: 'boolean', description: 'Serve no other models that the data folder has' },
  'chat-template': CHAT_TEMPLATE_OPTION,
  shards: {
    type: 'string',
    default: 'auto',
    valueHint: 'N',
    description: 'Shards to split the model into; auto: four, or more where ordinary tabs need it',
  },
  data: {
    type: 'string',
    default: DEFAULT_DATA_DIR,
    valueHint: 'DIR',
    description: 'Where models and shards are kept',
  },
  ice: { type: 'string', valueHint: 'URL', description: 'STUN or TURN server for the tabs; repeat for more' },
  api: {
    type: 'boolean',
    description: `Serve OpenAI's and Anthropic's APIs to this machine too, as "shoal bridge" does, on port ${DEFAULT_BRIDGE_PORT} or the one that follows`,
  },
  private: { type: 'boolean', description: 'Serve a private swarm: only who has its invite link takes part' },
  'new-link': { type: 'boolean', description: 'With --private: make a new invite link; old ones lead nowhere then' },
  log: { ...LOG_OPTION, default: 'info' },
  build: { type: 'boolean', default: true, negativeDescription: 'Serve the page as it was built last' },
} as const;

export default defineCommand({
  meta: {
    name: 'serve',
    description: 'Serves a model: splits it, builds the page, and introduces tabs to each other.',
  },
  args,
  run: async ({ args: options, rawArgs }) => {
    const { value: apiPortText, rest } = takeOptionalNumber(rawArgs, 'api');
    const given = readStrictly(rest, args);
    const { host, data: dataDir } = options;
    const port = parseNumber('port', options.port, 0, 65_535);
    const apiPort = options.api ? parseNumber('api', apiPortText ?? String(DEFAULT_BRIDGE_PORT), 0, 65_535) : undefined;
    const shards = options.shards === 'auto' ? 'auto' : parseNumber('shards', options.shards, 1, 1024);
    const publicUrl = options['public-url'] === undefined ? undefined : parsePublicUrl(options['public-url']);
    const allowedOrigins = (given['allow-origin'] ?? []).map(parseAllowedOrigin);
    const peerServers = (given['peer-server'] ?? []).map(parsePeerServer);
    const proxies = given['trust-proxy'] ?? [];
    // Before a long download, as all that is typed.
    new ClientAddresses(proxies);
    const chatTemplate = await readChatTemplate(options['chat-template']);
    const iceServers = (given.ice ?? []).map(parseIceServer);
    log.print(parseLogLevel(options.log));
    const named = given.model ?? [];
    if (options.private && named.length > 1)
      throw new ShoalError('bad-request', 'A private swarm has one model: name one with --model.');
    if (chatTemplate !== undefined && named.length > 1)
      throw new ShoalError('bad-request', '--chat-template is for one model: name one with --model.');
    if (options['new-link'] && !options.private) throw new ShoalError('bad-request', '--new-link goes with --private.');
    const stopping = stopSignal();
    const claims = new FolderClaims();
    try {
      // Before a long download, not after it.
      await checkPort(host, port);
      if (apiPort !== undefined) await checkPort(API_HOST, apiPort);
      const tls = await chooseCertificate(options);
      const served = await ServedModels.prepare({
        models: named,
        only: options.only === true || options.private === true,
        shards,
        dataDir,
        chatTemplate,
        pageHost: publicUrl?.hostname ?? host,
        signal: stopping,
        onProgress: new ProgressLine().show,
        onNotice: (text) => console.error(`shoal: ${text}`),
        claim: claims.add,
      });
      const [model, ...others] = served.models;
      const own = options.private ? await loadSecret(dataDir, options['new-link'] === true) : undefined;
      if (options.build) await buildPage(ROOT);
      stopping.throwIfAborted();
      const server = await startServer({
        host,
        port,
        ...(tls ? { tls } : {}),
        ...(publicUrl ? { publicUrl } : {}),
        allowedOrigins,
        peerServers,
        proxies,
        iceServers,
        ...(own ? { models: [], privateSwarm: { keys: own.keys, model } } : { models: served.models }),
        repair: (spoiled) => served.remake(spoiled),
        pageDirectory: join(ROOT, 'dist'),
        dataDirectory: dataDir,
        version: packageJson.version,
      });
      const { manifestId } = model;
      const secure = tls !== undefined;
      const terminal = process.stdout.isTTY === true;
      const invite = { manifestId, secret: own?.secret };
      console.log(announcement(server, { invite, secure, terminal, alsoServed: others.map(({ name }) => name) }));
      const api = apiPort === undefined ? undefined : await serveApi(server, apiPort, invite);
      await aborted(stopping);
      await Promise.all([server.close(), api?.close(), claims.giveUp()]);
      // libp2p leaves timers behind that would keep the process for another two seconds.
      process.exit(0);
    } catch (error) {
      if (!stopping.aborted) throw error;
    } finally {
      await claims.giveUp();
    }
  },
});

/** The bridge's tab is a guest of this very server. */
async function serveApi({ urls }: RunningServer, port: number, { manifestId, secret }: Invite): Promise<RunningBridge> {
  const bridge = await serveBridge({
    ...{ server: new URL(urls[0]!), invite: { manifestId, secret: secret && guestSecretOf(secret) } },
    ...{ host: API_HOST, port, key: undefined, origins: [], timeoutMs: 0 },
    onNotice: (text) => console.error(`shoal: API: ${text}`),
  });
  console.log(`Shoal's API, once every layer is served: ${bridge.url}`);
  return bridge;
}

interface CertificateOptions {
  readonly host: string;
  readonly data: string;
  readonly https: boolean | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

async function chooseCertificate(options: CertificateOptions): Promise<Certificate | undefined> {
  const { host, data, https, cert, key } = options;
  if ((cert === undefined) !== (key === undefined))
    throw new ShoalError('bad-request', '--cert and --key go together.');
  if (cert !== undefined && key !== undefined) return readCertificate(cert, key);
  if (!https) return undefined;
  const hosts = new Set(['localhost', hostname(), ...interfaceAddresses(), ...reachableAddresses(host)]);
  return selfSignedCertificate(data, [...hosts]);
}
