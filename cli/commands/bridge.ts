import { defineCommand } from 'citty';
import { checkPort } from '../../signaling-server/listen.ts';
import { guestSecretOf } from '../../src/protocol/private-swarm.ts';
import { parseAllowedOrigin } from '../allowed-origin.ts';
import { DEFAULT_BRIDGE_PORT, warnOpenHost } from '../bridge/api-address.ts';
import { openBridge } from '../bridge/bridge.ts';
import { aborted, stopSignal } from '../stop-signal.ts';
import { parseNumber, readStrictly } from '../strict-options.ts';
import { PLACE_ARGS, parseTimeout, readPlace } from '../swarm-place.ts';

const args = {
  ...PLACE_ARGS,
  port: {
    type: 'string',
    default: String(DEFAULT_BRIDGE_PORT),
    valueHint: 'PORT',
    description: 'Port of the API; 0 takes a free one',
  },
  host: { type: 'string', default: '127.0.0.1', valueHint: 'ADDRESS', description: 'Address of the API' },
  key: { type: 'string', valueHint: 'KEY', description: 'API key that every request must carry; none unless given' },
  'allow-origin': {
    type: 'string',
    valueHint: 'ORIGIN',
    description: 'Web pages that may use the API, https://site, or * for all; repeat for more',
  },
  timeout: { type: 'string', default: '60', valueHint: 'SECONDS', description: 'How long to wait for a whole swarm' },
} as const;

export default defineCommand({
  meta: {
    name: 'bridge',
    description: "Serves OpenAI's and Anthropic's APIs on this machine, answered by a swarm through a tab of its own.",
  },
  args,
  run: async ({ args: options, rawArgs }) => {
    const given = readStrictly(rawArgs, args);
    const { host, key } = options;
    const { server, invite } = await readPlace(options.invite, options.server);
    const port = parseNumber('port', options.port, 0, 65_535);
    const origins = (given['allow-origin'] ?? []).map(parseAllowedOrigin);
    const timeoutMs = parseTimeout(options.timeout);
    const stopping = stopSignal();
    // Before a browser is started, not after it.
    await checkPort(host, port);
    warnOpenHost(host, key);
    // A guest may ask, which is all that the bridge's tab does.
    const secret = invite?.secret === undefined ? undefined : guestSecretOf(invite.secret);
    const place = { server, invite: invite && { ...invite, secret } };
    const onNotice = (text: string) => console.error(`shoal: ${text}`);
    try {
      const bridge = await openBridge({ ...place, host, port, key, origins, timeoutMs, onNotice }, stopping);
      console.log(`Shoal's API is ready: ${bridge.url}`);
      await aborted(stopping);
      await bridge.close();
      process.exit(0);
    } catch (error) {
      if (!stopping.aborted) throw error;
    }
  },
});
