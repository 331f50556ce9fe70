import { defineCommand } from 'citty';
import { guestSecretOf } from '../../src/protocol/private-swarm.ts';
import type { Check } from '../../src/swarm/verify.ts';
import { formatCheck, formatTotal } from '../check-table.ts';
import { checkDisk } from '../disk-checks.ts';
import { DEFAULT_DATA_DIR } from '../model-source.ts';
import { checkPrivateServer } from '../private-checks.ts';
import { checkServer } from '../server-checks.ts';
import { readStrictly } from '../strict-options.ts';
import { PLACE_ARGS, parseTimeout, readPlace, type SwarmPlace } from '../swarm-place.ts';
import { checkFromTab } from '../tab-checks.ts';

const args = {
  ...PLACE_ARGS,
  data: {
    type: 'string',
    default: DEFAULT_DATA_DIR,
    valueHint: 'DIR',
    description: 'Where shards are kept on this machine, if they are',
  },
  timeout: { type: 'string', default: '30', valueHint: 'SECONDS', description: 'How long to wait for a whole swarm' },
  json: { type: 'boolean', description: 'Print the checks as JSON' },
} as const;

interface Target extends SwarmPlace {
  readonly dataDir: string;
  readonly timeoutMs: number;
}

export default defineCommand({
  meta: {
    name: 'verify',
    description: 'Checks that a swarm is whole: files, hashes, nodes, their registration, and a prompt through all.',
  },
  args,
  run: async ({ args: options, rawArgs }) => {
    readStrictly(rawArgs, args);
    const { data: dataDir, json } = options;
    const target = {
      ...(await readPlace(options.invite, options.server)),
      dataDir,
      timeoutMs: parseTimeout(options.timeout),
    };
    const checks: Check[] = [];
    for await (const check of verify(target)) {
      checks.push(check);
      if (!json) console.log(formatCheck(check));
    }
    console.log(json ? JSON.stringify(checks, null, 2) : formatTotal(checks));
    if (checks.some(({ passed }) => !passed)) process.exitCode = 1;
  },
});

async function* verify({ server, invite, dataDir, timeoutMs }: Target): AsyncGenerator<Check, void> {
  const { manifestId, secret } = invite ?? {};
  if (manifestId === undefined || secret === undefined) {
    const models = yield* checkServer(server, manifestId);
    for (const model of models) yield* checkDisk(model, dataDir);
    for (const [place, { manifestId, manifest }] of models.entries()) {
      // Of several models the page opens with the first: nobody may have begun the swarms of the others.
      const named = models.length > 1 ? { name: manifest.name, mayBeEmpty: place > 0 } : {};
      yield* checkFromTab({ server, invite: { manifestId }, timeoutMs, ...named });
    }
    return;
  }
  for (const model of yield* checkPrivateServer(server, manifestId, secret)) yield* checkDisk(model, dataDir);
  // All that it needs.
  yield* checkFromTab({ server, invite: { manifestId, secret: guestSecretOf(secret) }, timeoutMs });
}
