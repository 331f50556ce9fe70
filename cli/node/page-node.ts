/** Functions that run in the node's page: each stands alone, as it is sent there as text. */

/** What the node's owner says of it; what is left out is as the page has it. */
export interface NodeSettings {
  readonly name?: string;
  readonly memoryMegabytes?: number;
  readonly uploadKilobytes?: number;
}

/** What a node is doing. */
export interface NodeState {
  readonly peerId: string;
  readonly model: string;
  /** Shards that serve. */
  readonly ready: readonly number[];
  readonly members: number;
  readonly tasksDone: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly storedBytes: number;
}

/** Before the page runs: nobody sits there to allow what others ask, so loading shards for others is allowed. */
export function settleInPage({ name, memoryMegabytes, uploadKilobytes }: NodeSettings): void {
  if (location.protocol === 'about:') return;
  const stored: unknown = JSON.parse(localStorage.getItem('shoal-settings') ?? '{}');
  const settings = Object(stored) as { lend?: object };
  const limits = {
    ...(memoryMegabytes === undefined ? {} : { memoryMegabytes }),
    ...(uploadKilobytes === undefined ? {} : { uploadKilobytes }),
  };
  const changed = {
    ...settings,
    acceptRemoteLoads: true,
    ...(name === undefined ? {} : { name }),
    lend: {
      paused: false,
      onlyCharging: false,
      onlyIdle: false,
      onlyTrusted: false,
      share: 1,
      ...settings.lend,
      ...limits,
    },
  };
  localStorage.setItem('shoal-settings', JSON.stringify(changed));
}

export async function nodeStateInPage(): Promise<NodeState> {
  const { shoal } = window;
  const rows = [...document.querySelectorAll<HTMLElement>('[data-testid^=shard-][data-state=ready]')];
  const transfers = shoal.transfers();
  const total = (of: (transfer: (typeof transfers)[number]) => number) =>
    transfers.reduce((sum, transfer) => sum + of(transfer), 0);
  const stats = shoal.peerId === '' ? undefined : await shoal.stats();
  return {
    peerId: shoal.peerId,
    model: shoal.engine.modelId(),
    ready: rows.map(({ dataset }) => Number(/^shard-(\d+)$/.exec(dataset.testid ?? '')?.[1])),
    members: shoal.peerId === '' ? 0 : shoal.peers().length,
    tasksDone: stats?.tasks_done ?? 0,
    sentBytes: total(({ sentBytes }) => sentBytes),
    receivedBytes: total(({ receivedBytes }) => receivedBytes),
    storedBytes: total(({ storedBytes }) => storedBytes),
  };
}
