import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTinyModel, type TinyModelOptions } from '../../fixtures/tiny-model.ts';
import { type ServerProcess, startServer } from './server.ts';
import type { Tab } from './tab.ts';

/** A server of a tiny model, in a folder of its own, whose swarm is private or about to be. */
export interface PrivateServer extends ServerProcess {
  readonly dataDir: string;
  /** Fragments of the links that it printed: none where its swarm is open. */
  readonly member: string;
  readonly guest: string;
}

/** @param name - of the model */
export async function startPrivateServer(
  options: readonly string[],
  name = 'tiny',
  model: TinyModelOptions = {},
): Promise<PrivateServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'shoal-private-'));
  const file = join(dataDir, `${name}.gguf`);
  writeFileSync(file, makeTinyModel(model));
  const server = await startServer([...options, '--model', file, '--data', dataDir]);
  const links = [...server.output().matchAll(/#(m=\S+)/g)].map(([, fragment]) => fragment!);
  const [member, guest] = links as [string, string];
  const stop = async () => {
    const status = await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
    return status;
  };
  return { ...server, dataDir, member, guest, stop };
}

/** The fragment of a link that the page shows. */
export async function shownLink({ page }: Tab, testId: 'invite-link' | 'guest-link'): Promise<string> {
  return (await page.getByTestId(testId).getAttribute('href'))!.split('#')[1]!;
}

/** Presses the button and says yes; the page opens itself anew. */
export async function confirm({ page }: Tab, testId: 'found-private' | 'new-link'): Promise<void> {
  await page.getByTestId(testId).click();
  await Promise.all([page.waitForEvent('load'), page.getByTestId(`${testId}-yes`).click()]);
}
