import { useSignal } from '@preact/signals';
import type { ModelShelf, Preflight } from '../../app/app-model.ts';
import { formatBytes, formatMs, formatRate } from '../../core/format.ts';

interface DeviceFactsProps {
  readonly shelf: ModelShelf;
  /** Does what was asked for, and says what goes wrong. */
  readonly act: (action: () => Promise<void>) => void;
  readonly measured: Preflight | undefined;
  readonly measuring: boolean;
  readonly measure: () => void;
}

/** What this device can do: words first, numbers behind a fold, and a report for whoever is asked for help. */
export function DeviceFacts({ shelf, act, measured, measuring, measure }: DeviceFactsProps) {
  const copied = useSignal(false);
  const copy = () =>
    act(async () => {
      await navigator.clipboard.writeText(await shelf.report());
      copied.value = true;
    });
  return (
    <section class="device-facts" aria-labelledby="device-title" data-testid="device-facts">
      <h3 id="device-title">This device</h3>
      <p role="status">
        {measuring ? 'Measuring, for two seconds…' : measured ? deviceWords(measured) : 'Not measured yet.'}
      </p>
      {measured && !measuring && (
        <details>
          <summary>Numbers</summary>
          <Numbers {...measured} />
        </details>
      )}
      <div class="buttons">
        <button type="button" data-testid="measure" disabled={measuring || measured !== undefined} onClick={measure}>
          Measure it
        </button>
        <button type="button" data-testid="copy-report" disabled={measuring} onClick={copy}>
          {copied.value ? 'Copied' : 'Copy a report'}
        </button>
      </div>
    </section>
  );
}

const REACH_WORDS: Readonly<Record<Preflight['reach'], string>> = {
  none: 'It makes no connections to other tabs.',
  room: 'It reaches tabs of the same network; for others the server names no STUN or TURN server.',
  direct: 'It reaches tabs of most networks.',
  relay: 'It reaches tabs of all networks, at worst through a relay.',
};

function deviceWords({ speed, room, reach }: Preflight): string {
  const { kind, adapter } = speed.info;
  const what = kind === 'webgpu' ? `its GPU (${adapter})` : `its processor (${adapter})`;
  const test = speed.correct
    ? 'what it computes is right'
    : 'what it computes is WRONG: update the browser or the driver, or choose the processor in the settings';
  const memory = room.memoryBytes === undefined ? '' : ` It has room for ${formatBytes(room.memoryBytes)} of weights.`;
  return `This browser computes on ${what}; ${test}.${memory} ${REACH_WORDS[reach]}`;
}

function Numbers({ speed, room, reach }: Preflight) {
  const rows: readonly (readonly [string, string])[] = [
    ['Weights read for an answer', formatRate(speed.weightBytesPerSecond)],
    ['Multiplications for a prompt', `${(speed.macsPerSecond / 1e9).toFixed(1)} G/s`],
    ['A task, whatever it computes', `${formatMs(speed.taskMs)} ms`],
    ['A layer beyond its weights', `${speed.layerMs.toFixed(2)} ms`],
    ['Off from the known answer', `${(100 * speed.deviation).toFixed(4)} %`],
    ['Memory for weights', bytesWords(room.memoryBytes)],
    ['Free storage', bytesWords(room.storageBytes)],
    [
      "From the server's copy",
      room.downloadBytesPerSecond === undefined ? 'not known' : formatRate(room.downloadBytesPerSecond),
    ],
    ['Connections', reach],
  ];
  return (
    <dl class="device-numbers">
      {rows.map(([what, value]) => (
        <div key={what}>
          <dt>{what}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function bytesWords(bytes: number | undefined): string {
  return bytes === undefined ? 'the browser does not tell' : formatBytes(bytes);
}
