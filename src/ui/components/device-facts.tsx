import { useSignal } from '@preact/signals';
import type { ModelShelf, Preflight } from '../../app/app-model.ts';
import { formatBytes, formatMs, formatNumber, formatRate } from '../../words/format.ts';
import { laterWords } from '../../words/later-words.ts';
import { words } from '../../words/words.ts';

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
  const said = laterWords().device;
  const copy = () =>
    act(async () => {
      await navigator.clipboard.writeText(await shelf.report());
      copied.value = true;
    });
  return (
    <section class="device-facts" aria-labelledby="device-title" data-testid="device-facts">
      <h3 id="device-title">{said.title}</h3>
      <p role="status">{measuring ? said.measuring : measured ? deviceWords(measured) : said.notMeasured}</p>
      {measured && !measuring && (
        <details>
          <summary>{said.numbers}</summary>
          <Numbers {...measured} />
        </details>
      )}
      <div class="buttons">
        <button type="button" data-testid="measure" disabled={measuring || measured !== undefined} onClick={measure}>
          {said.measure}
        </button>
        <button type="button" data-testid="copy-report" disabled={measuring} onClick={copy}>
          {copied.value ? words().copied : said.copyReport}
        </button>
      </div>
    </section>
  );
}

function deviceWords({ speed, room, reach }: Preflight): string {
  const { kind, adapter } = speed.info;
  const { device } = laterWords();
  const computes = device.computesOn(kind === 'webgpu', adapter, speed.correct);
  const memory = room.memoryBytes === undefined ? '' : device.room(formatBytes(room.memoryBytes));
  return [computes, memory, device.reach[reach]].filter(Boolean).join(' ');
}

function Numbers({ speed, room, reach }: Preflight) {
  const { device } = laterWords();
  const rows: readonly (readonly [string, string])[] = [
    [device.weights, formatRate(speed.weightBytesPerSecond)],
    [device.multiplications, `${formatNumber(speed.macsPerSecond / 1e9, 1)} G/s`],
    [device.task, `${formatMs(speed.taskMs)} ms`],
    [device.layer, `${formatNumber(speed.layerMs, 2)} ms`],
    [device.deviation, `${formatNumber(100 * speed.deviation, 4)} %`],
    [device.memory, bytesWords(room.memoryBytes)],
    [device.storage, bytesWords(room.storageBytes)],
    [
      device.fromServer,
      room.downloadBytesPerSecond === undefined ? device.notKnown : formatRate(room.downloadBytesPerSecond),
    ],
    [device.connections, device.reachShort[reach]],
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
  return bytes === undefined ? laterWords().device.notTold : formatBytes(bytes);
}
