import { type Signal, signal } from '@preact/signals';
import { createWorkerRunner, type RunnerChoice } from '../../../workers/runner-client.ts';
import { ShoalError } from '../../core/errors.ts';
import { Lazy } from '../../core/lazy.ts';
import { log } from '../../core/log.ts';
import { partSetOf } from '../../gguf/join.ts';
import { DEFAULT_HUB, linkedParts, parseModelLink } from '../../gguf/model-link.ts';
import { decodeManifest, type Manifest, manifestIdOf } from '../../protocol/manifest.ts';
import { type ModelSource, sourceOf } from '../../protocol/model-source.ts';
import type { ServerConfig } from '../../protocol/server-config.ts';
import { storeSample } from '../../store/idb/storage-sample.ts';
import { fetchFile, forgetFile } from '../../store/web-file/fetch-file.ts';
import { linkOfFile } from '../../store/web-file/hub-repository.ts';
import { laterWords } from '../../words/later-words.ts';
import type { Environment } from '../app-model.ts';
import { deviceReport } from '../device/device-report.ts';
import { fewestDevices, forecast, forecastJoining } from '../device/forecast.ts';
import { sizesOf } from '../device/model-sizes.ts';
import { type Preflight, preflight } from '../device/preflight.ts';
import { shardMemoryBytes } from '../device-memory.ts';
import { fetchServedManifest, type KnownServer } from '../introduction.ts';
import { inviteFragment, parseInvite } from '../invite.ts';
import { forgetSwarm, keptSwarms } from '../private-swarm.ts';
import { serverUrl } from '../server-url.ts';
import type { SwarmDoor } from '../swarm-door.ts';
import type { SwarmSession } from '../swarm-session.ts';
import { modelSummary } from '../swarm-view.ts';
import { type OpenedModel, openModelFiles } from './model-files.ts';
import { deleteModel, storeOwnModel } from './own-model.ts';
import type { CandidateFiles, JoinForecast, ModelShelf, ShelfModel } from './shelf.ts';

export interface ShelfParts {
  readonly server: KnownServer;
  readonly session: SwarmSession;
  readonly door: SwarmDoor;
  readonly environment: () => Environment;
  readonly runnerChoice: Promise<RunnerChoice>;
  /** Of memory and disk, as the owner allows. */
  readonly lent: { readonly memoryBytes: number | undefined; readonly diskBytes: number | undefined };
}

/** Of the probe's only piece. */
const PROBE_PIECE_BYTES = 1 << 20;
/** Numbers of devices that forecasts are made for. */
const DEVICES = [1, 2, 4, 8];

/** The models that this page can open: the server's, and this browser's own. */
export class RealModelShelf implements ModelShelf {
  readonly candidate: Signal<CandidateFiles | undefined> = signal(undefined);
  readonly progress: Signal<string | undefined> = signal(undefined);
  readonly #parts: ShelfParts;
  /** The server's, by their ids. */
  readonly #manifests = new Map<string, Promise<Manifest>>();
  #files: readonly File[] = [];
  readonly #measured = new Lazy(() => this.#measure());
  #known: Preflight | undefined;
  #opening: AbortController | undefined;

  constructor(parts: ShelfParts) {
    this.#parts = parts;
    const { manifest, manifestId } = parts.session.model;
    this.#manifests.set(manifestId, Promise.resolve(manifest));
  }

  async list(): Promise<readonly ShelfModel[]> {
    const { server, session } = this.#parts;
    const here = session.membership === undefined ? undefined : parseInvite(location.hash)?.privateName;
    const served = server.models.map(async (model) => {
      const described = this.#describe(await this.#served(model), model.manifest);
      return { ...described, current: session.membership === undefined && model.manifest === session.model.manifestId };
    });
    const kept = (session.simulated ? [] : await keptSwarms()).map(async ({ privateName, manifest }) => {
      const described = this.#describe(decodeManifest(manifest), await manifestIdOf(manifest));
      return { ...described, privateName, current: privateName === here };
    });
    const found = await Promise.allSettled<ShelfModel>([...served, ...kept]);
    for (const each of found) if (each.status === 'rejected') log.warn('MODELS', ShoalError.from(each.reason).message);
    return found.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  }

  preflight(): Promise<Preflight> {
    return this.#measured.get();
  }

  async foretell(others: number): Promise<JoinForecast> {
    const { speed, room } = await this.preflight();
    return forecastJoining(sizesOf(this.#parts.session.model.manifest), speed, room, others);
  }

  async report(): Promise<string> {
    const measured = await this.preflight().catch((error: unknown) => ShoalError.from(error).message);
    const { server, session, environment } = this.#parts;
    return deviceReport({ version: server.version, session, environment: environment(), measured });
  }

  async open({ manifestId, privateName }: ShelfModel): Promise<void> {
    await this.#parts.session.node?.membership.leave();
    // The page follows its address (`address-watch.ts`).
    location.hash = inviteFragment({ manifestId, privateName });
  }

  /** Has files wait until the person says what is to become of them. */
  offer(files: readonly File[]): void {
    const [first] = files;
    if (!first) return;
    this.#files = files;
    const name = partSetOf(first.name)?.wholeName ?? first.name;
    this.candidate.value = { name, totalBytes: files.reduce((sum, { size }) => sum + size, 0) };
  }

  letGo(): void {
    this.#files = [];
    this.candidate.value = undefined;
  }

  openCandidate(): Promise<void> {
    const files = this.#files;
    return this.#work(async (signal) => this.#found(await openModelFiles(files), signal));
  }

  openLink(link: string): Promise<void> {
    return this.#work(async (signal) => {
      const files: File[] = [];
      const parts = linkedParts(parseModelLink(await linkOfFile(link.trim(), DEFAULT_HUB, signal)));
      for (const { url, fileName } of parts) {
        const { fetching, fetchingSoFar } = laterWords().models;
        this.progress.value = fetching(fileName);
        const onProgress = (done: number, total: number | undefined) => {
          const percent = total === undefined ? undefined : Math.floor((100 * done) / total);
          this.progress.value = fetchingSoFar(fileName, percent);
        };
        files.push(new File([await fetchFile(url, { keep: true, signal, onProgress })], fileName));
      }
      const placed = parts.map(({ url }, index) => ({ url, sizeBytes: files[index]!.size }));
      try {
        await this.#found(await openModelFiles(files), signal, sourceOf(placed, location.hostname));
      } finally {
        // Its shards are stored now, or it is no model that can be. One that was cancelled may be wanted yet.
        if (!signal.aborted) await Promise.all(parts.map(({ url }) => forgetFile(url)));
      }
    });
  }

  cancel(): void {
    this.#opening?.abort();
  }

  async forget({ manifestId, privateName }: ShelfModel): Promise<void> {
    const record = (await keptSwarms()).find((kept) => kept.privateName === privateName);
    if (!record || privateName === undefined) return;
    await forgetSwarm(privateName);
    const { server, session } = this.#parts;
    const others = await Promise.all((await keptSwarms()).map(({ manifest }) => manifestIdOf(manifest)));
    const isElsewhere = [...others, ...server.models.map(({ manifest }) => manifest)].includes(manifestId);
    if (!isElsewhere) await deleteModel(decodeManifest(record.manifest), session.model.manifest);
  }

  async #measure(): Promise<Preflight> {
    const { server, session, runnerChoice, lent } = this.#parts;
    const choice = await runnerChoice;
    const [served] = server.models;
    const limits = [shardMemoryBytes(), lent.memoryBytes].filter((limit) => limit !== undefined);
    this.#known = await preflight({
      createRunner: (model) => createWorkerRunner(choice, model, PROBE_PIECE_BYTES, true),
      iceServers: server.iceServers,
      memoryBytes: limits.length > 0 ? Math.min(...limits) : undefined,
      freeStorageBytes: () => session.store.freeBytes(),
      sampleUrl:
        served && !session.simulated ? serverUrl(`/models/${served.name}/shard-0.gguf`, server.page) : undefined,
      storeSample: async (bytes) => (session.keepsData ? storeSample(bytes) : 0),
    });
    return this.#known;
  }

  /** Asked of the server once a page. */
  #served(model: ServerConfig['models'][number]): Promise<Manifest> {
    const known = this.#manifests.get(model.manifest);
    if (known) return known;
    const asked = fetchServedManifest(this.#parts.server.page, model).then(decodeManifest);
    this.#manifests.set(model.manifest, asked);
    asked.catch(() => this.#manifests.delete(model.manifest));
    return asked;
  }

  #describe(manifest: Manifest, manifestId: string): Omit<ShelfModel, 'current' | 'privateName'> {
    const { shards } = manifest;
    const model = { ...modelSummary({ manifest, manifestId }), shardCount: shards.length };
    if (!this.#known) return model;
    const { speed, room } = this.#known;
    const sizes = sizesOf(manifest);
    const devices = DEVICES.filter((count) => count <= shards.length);
    return {
      ...model,
      forecasts: devices.map((count) => forecast(sizes, speed, room, count)),
      fewestDevices: fewestDevices(sizes, room),
    };
  }

  /** One thing at a time, which can be cancelled. */
  async #work(act: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.#opening) throw new ShoalError('busy', 'Another model is being opened. Wait for it, or cancel it.');
    const opening = new AbortController();
    this.#parts.session.requireKeeping(
      'it has no place for a model of its own. Allow site data for this page, or use another browser.',
    );
    this.#opening = opening;
    this.progress.value = laterWords().models.opening;
    try {
      await act(opening.signal);
    } finally {
      this.#opening = undefined;
      this.progress.value = undefined;
    }
  }

  /** Splits and stores a model, and opens it in a private swarm. */
  async #found(opened: OpenedModel, signal: AbortSignal, publicSource?: ModelSource): Promise<void> {
    const { door, lent } = this.#parts;
    const onProgress = (text: string) => (this.progress.value = text);
    const stored = await storeOwnModel(opened, {
      ...{ signal, onProgress, publicSource },
      lentBytes: () => lent.diskBytes,
    });
    signal.throwIfAborted();
    const limit = Math.min(
      shardMemoryBytes() ?? Number.POSITIVE_INFINITY,
      lent.memoryBytes ?? Number.POSITIVE_INFINITY,
    );
    const shards = fittingShards(stored.manifest, limit);
    const part = shards.length < stored.manifest.shards.length;
    const { models } = laterWords();
    const note = [
      models.ownSwarm(stored.manifest.name),
      part ? models.noRoomForAll : models.onlyByLink,
      ...stored.notices,
    ].join(' ');
    await door.foundWith(stored, shards, note);
  }
}

/** The first shards that fit together, one at least. */
function fittingShards({ shards }: Manifest, limitBytes: number): number[] {
  let sum = 0;
  const fitting: number[] = [];
  for (const { index, sizeBytes } of shards) {
    sum += sizeBytes;
    if (sum > limitBytes && fitting.length > 0) break;
    fitting.push(index);
  }
  return fitting;
}
