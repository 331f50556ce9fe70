import { computed, effect, type ReadonlySignal } from '@preact/signals';
import type { NodeSettings } from '../swarm/node.ts';
import type { Answers } from './answers.ts';
import type { LendSettings, LendState, Settings } from './app-model.ts';
import { shardMemoryBytes } from './device-memory.ts';
import { DeviceState } from './device-state.ts';
import { LendLedger } from './lend-totals.ts';
import type { SwarmSession } from './swarm-session.ts';

const MEGABYTE = 1e6;
const COUNT_MS = 5000;

/** What this device lends: as its owner has said, and as its battery and its person allow. */
export class Lender {
  readonly #settings: ReadonlySignal<Settings>;
  readonly #device = new DeviceState();
  readonly #ledger = new LendLedger();
  readonly state: ReadonlySignal<LendState>;
  readonly #paused: ReadonlySignal<LendState['paused']>;

  constructor(settings: ReadonlySignal<Settings>) {
    this.#settings = settings;
    this.#paused = computed(() => this.#pausedBy(settings.value.lend));
    this.state = computed(() => ({
      paused: this.#paused.value,
      tellsCharging: this.#device.charging.value !== undefined,
      tellsIdle: this.#device.tellsIdle,
      totals: this.#ledger.totals.value,
    }));
    void this.#device.watchCharging();
    if (settings.value.lend.onlyIdle) void this.#device.watchIdle({ ask: false }).catch(() => undefined);
  }

  /** For what the owner has just changed. @throws ShoalError `consent-required` */
  async prepare({ onlyIdle }: Partial<LendSettings>): Promise<void> {
    if (onlyIdle) await this.#device.watchIdle({ ask: true });
  }

  /** As the node takes it. */
  get limits(): Pick<NodeSettings, 'lending' | 'memoryBytes'> {
    const { lend, trustedPeers } = this.#settings.value;
    const bytes = [shardMemoryBytes(), this.memoryBytes].filter((limit) => limit !== undefined);
    return {
      lending: {
        paused: this.#paused.value !== undefined,
        share: lend.share,
        onlyFor: lend.onlyTrusted ? trustedPeers : undefined,
        sessions: lend.sessions ?? Number.POSITIVE_INFINITY,
      },
      ...(bytes.length > 0 ? { memoryBytes: Math.min(...bytes) } : {}),
    };
  }

  get memoryBytes(): number | undefined {
    return bytesOf(this.#settings.value.lend.memoryMegabytes);
  }

  get diskBytes(): number | undefined {
    return bytesOf(this.#settings.value.lend.diskMegabytes);
  }

  /** Has a session keep to the limits from now on, and counts what it gives and takes. */
  serve(session: SwarmSession, answers: Pick<Answers, 'takenWork'>): void {
    effect(() => {
      const { uploadKilobytes } = this.#settings.value.lend;
      const limit = uploadKilobytes === undefined ? undefined : uploadKilobytes * 1000;
      session.store.limitUploads(this.#paused.value === undefined ? limit : 0);
      // Others hear at once what they can count on.
      session.node?.membership.publishNow();
    });
    const count = () => {
      const transfers = session.store.transfers();
      const { layerCount } = session.model.manifest.hyperparameters;
      this.#ledger.count({
        computedTokens: (session.node?.stages.lentWork.total ?? 0) / layerCount,
        takenTokens: answers.takenWork.total / layerCount,
        sentBytes: transfers.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
        receivedBytes: transfers.reduce(
          (sum, { receivedBytes, serverBytes, hub }) => sum + receivedBytes - serverBytes - (hub?.bytes ?? 0),
          0,
        ),
      });
    };
    setInterval(count, COUNT_MS);
    addEventListener('pagehide', count);
  }

  #pausedBy(lend: LendSettings): LendState['paused'] {
    if (lend.paused) return 'owner';
    if (lend.onlyCharging && this.#device.charging.value === false) return 'battery';
    return lend.onlyIdle && this.#device.idle.value === false ? 'in-use' : undefined;
  }
}

function bytesOf(megabytes: number | undefined): number | undefined {
  return megabytes === undefined ? undefined : megabytes * MEGABYTE;
}
