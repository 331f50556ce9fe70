import { type Signal, signal } from '@preact/signals';
import type { Forecast, JoinForecast, ModelShelf, Preflight, ShelfModel } from '../../../src/app/app-model.ts';

/** A shelf of models that tests set, and whose use they see. */
export class PreviewShelf implements ModelShelf {
  readonly candidate: Signal<{ readonly name: string; readonly totalBytes: number } | undefined> = signal(undefined);
  readonly progress: Signal<string | undefined> = signal(undefined);
  models: readonly ShelfModel[] = SHELF;
  readonly #ask: (what: string) => Promise<void>;
  #measured = false;

  constructor(ask: (what: string) => Promise<void>) {
    this.#ask = ask;
  }

  list = async () => this.models.map((model) => (this.#measured ? model : { ...model, forecasts: undefined }));

  async preflight(): Promise<Preflight> {
    this.#measured = true;
    return MEASURED;
  }

  foretold: JoinForecast = { now: told(1, 132_400_000, 110), later: told(3, 53_800_000, 44), fewestDevices: 1 };
  foretell = async (others: number) => {
    await this.#ask(`foretell ${others}`);
    return this.foretold;
  };
  report = async () => 'Shoal 0.1.0\n';
  open = (model: ShelfModel) => this.#ask(`openModel ${model.name}`);
  openCandidate = () => this.#ask('openCandidate');
  letGo = () => {
    this.candidate.value = undefined;
  };
  openLink = (link: string) => this.#ask(`openLink ${link}`);
  cancel = () => void this.#ask('cancelModel');

  async forget(model: ShelfModel): Promise<void> {
    this.models = this.models.filter((other) => other !== model);
    await this.#ask(`forgetModel ${model.name}`);
  }
}

const MEASURED: Preflight = {
  speed: {
    info: {
      ...{ kind: 'webgpu', adapter: 'NVIDIA GeForce RTX 4070', software: false },
      ...{ maxBufferBytes: 2 ** 31, maxWeightBytes: 8e9, maxTaskTokens: 256 },
    },
    ...{
      deviation: 4.2e-6,
      correct: true,
      taskMs: 1.4,
      layerMs: 0.21,
      weightBytesPerSecond: 184e9,
      macsPerSecond: 2.4e12,
    },
  },
  room: { memoryBytes: 2.1e9, storageBytes: 41e9, downloadBytesPerSecond: 11e6 },
  reach: 'room',
};

function told(devices: number, deviceBytes: number, speed: number, shortBytes = 0): Forecast {
  return {
    ...{ devices, deviceBytes, shortBytes, tokensPerSecond: [speed / 1.4, speed * 1.4] },
    ...{ promptTokensPerSecond: 900, downloadSeconds: deviceBytes / 11e6 },
  };
}

const SHELF: readonly ShelfModel[] = [
  {
    ...{ manifestId: 'a'.repeat(64), name: 'SmolLM2-135M-Instruct-Q4_1', current: true },
    ...{ layerCount: 30, contextLength: 8192, totalBytes: 132_400_000, shardCount: 4, fewestDevices: 1 },
    forecasts: [told(1, 132_400_000, 110), told(2, 74_000_000, 58), told(4, 47_000_000, 31)],
  },
  {
    ...{ manifestId: 'b'.repeat(64), name: 'Meta-Llama-3.1-8B-Instruct-Q4_K_M', current: false },
    ...{ layerCount: 32, contextLength: 131_072, totalBytes: 4_920_000_000, shardCount: 10, fewestDevices: 3 },
    forecasts: [
      ...[told(1, 4_920_000_000, 24, 2_820_000_000), told(2, 2_500_000_000, 18, 400_000_000)],
      ...[told(4, 1_400_000_000, 13), told(8, 700_000_000, 8.6)],
    ],
  },
  {
    ...{ manifestId: 'c'.repeat(64), name: 'gpt-oss-120b-MXFP4', current: false },
    ...{ layerCount: 36, contextLength: 131_072, totalBytes: 63_000_000_000, shardCount: 18, fewestDevices: undefined },
    forecasts: [1, 2, 4, 8].map((devices) => told(devices, 63e9 / devices, 20 / devices, 63e9 / devices - 2.1e9)),
  },
  {
    ...{ manifestId: 'd'.repeat(64), name: 'My-Finetune-Q5_K_M', current: false, privateName: '0123456789abcdef' },
    ...{ layerCount: 24, contextLength: 32_768, totalBytes: 491_000_000, shardCount: 4, fewestDevices: 1 },
    forecasts: [told(1, 491_000_000, 74), told(2, 260_000_000, 46), told(4, 160_000_000, 27)],
  },
];
