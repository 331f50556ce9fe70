import type { ReadonlySignal } from '@preact/signals';
import type { Forecast } from '../device/forecast.ts';
import type { Preflight } from '../device/preflight.ts';

export type { Forecast, Preflight };

/** The models that this page can open, and what this device could do with each. */
export interface ModelShelf {
  /** Files of another model than the one that is open, dropped or chosen: they wait to be opened or let go. */
  readonly candidate: ReadonlySignal<CandidateFiles | undefined>;
  /** What is being done towards opening one, e.g. "Reading a.gguf: 12 %"; undefined while nothing is. */
  readonly progress: ReadonlySignal<string | undefined>;
  /** The server's models first, then those of this browser's own private swarms. */
  list(): Promise<readonly ShelfModel[]>;
  /** Measures this device, in about two seconds; once a page. @throws ShoalError where nothing computes */
  preflight(): Promise<Preflight>;
  /**
   * What the page's own model would be like for this device, measured first where it was not yet.
   * @param others - devices that serve the model now; counted as if they were like this one
   * @throws ShoalError where nothing computes
   */
  foretell(others: number): Promise<JoinForecast>;
  /** Everything that helps somebody else to understand this device: no prompts. */
  report(): Promise<string>;
  /** Leaves this model's swarm for another's. The page is opened anew. */
  open(model: ShelfModel): Promise<void>;
  /** Opens the files that wait, in a private swarm of their own, with this tab as its first. The page is opened anew. */
  openCandidate(): Promise<void>;
  letGo(): void;
  /**
   * As `openCandidate`, of a file on the web.
   * @param link - `https://…/file.gguf` or `hf:owner/repository/file.gguf[@revision]`
   */
  openLink(link: string): Promise<void>;
  /** Ends what `openCandidate` or `openLink` has begun. */
  cancel(): void;
  /** Deletes a private swarm's model and secret from this browser. */
  forget(model: ShelfModel): Promise<void>;
}

/** Before a device joins a swarm. */
export interface JoinForecast {
  /** With those that are here, this one among them. */
  readonly now: Forecast;
  /** With two more such devices; undefined where the model has no part left for them. */
  readonly later: Forecast | undefined;
  /** The fewest devices like this one that hold the model; undefined where no number does. */
  readonly fewestDevices: number | undefined;
}

export interface CandidateFiles {
  /** Without folders; of a set, what it would be called in one. */
  readonly name: string;
  readonly totalBytes: number;
}

export interface ShelfModel {
  readonly manifestId: string;
  readonly name: string;
  readonly layerCount: number;
  readonly contextLength: number;
  readonly totalBytes: number;
  readonly shardCount: number;
  /** It is the page's own. */
  readonly current: boolean;
  /** Of a private swarm of this browser: what its address says in place of the secret. */
  readonly privateName?: string | undefined;
  /** On one device like this and on more, as soon as it has been measured. */
  readonly forecasts?: readonly Forecast[] | undefined;
  /** The fewest devices like this that hold it; undefined where no number does, or nothing was measured. */
  readonly fewestDevices?: number | undefined;
}
