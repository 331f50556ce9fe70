import { useSignal } from '@preact/signals';
import type { ShelfModel } from '../../app/app-model.ts';
import { formatBytes, formatTimeLeft, plural } from '../../core/format.ts';
import { fitWords, speedWords } from '../forecast-words.ts';

interface ModelItemProps {
  readonly model: ShelfModel;
  readonly open: () => void;
  readonly forget: () => void;
}

/** One model: what it is, what it would be like here, and the way in. */
export function ModelItem({ model, open, forget }: ModelItemProps) {
  const { name, totalBytes, layerCount, contextLength, shardCount, current, privateName, forecasts } = model;
  const asked = useSignal(false);
  return (
    <li class="model-item" data-testid="model-item" data-current={current}>
      <div class="model-line">
        <div class="model-what">
          <strong dir="auto">{name}</strong>
          <small>
            {formatBytes(totalBytes)} · {layerCount} layers · {plural(shardCount, 'shard')} ·{' '}
            {contextLength.toLocaleString('en')} tokens of context
            {privateName !== undefined && ' · your private swarm'}
          </small>
        </div>
        {current ? (
          <span class="model-here">Open now</span>
        ) : (
          <button type="button" class="strong" data-testid="model-open" aria-label={`Open ${name}`} onClick={open}>
            Open
          </button>
        )}
      </div>
      {forecasts && <p data-testid="forecast">{fitWords(model)}</p>}
      {forecasts && (
        <details>
          <summary>With more devices like this one</summary>
          <table class="forecast-table">
            <thead>
              <tr>
                <th scope="col">Devices</th>
                <th scope="col">Each holds</th>
                <th scope="col">An answer</th>
                <th scope="col">Download</th>
              </tr>
            </thead>
            <tbody>
              {forecasts.map(({ devices, deviceBytes, shortBytes, tokensPerSecond, downloadSeconds }) => (
                <tr key={devices}>
                  <th scope="row">{devices}</th>
                  <td>
                    {formatBytes(deviceBytes)}
                    {shortBytes > 0 && `, ${formatBytes(shortBytes)} too much`}
                  </td>
                  <td>{shortBytes > 0 ? '–' : speedWords(tokensPerSecond)}</td>
                  <td>{downloadSeconds === undefined ? '–' : formatTimeLeft(downloadSeconds)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
      {privateName !== undefined && !current && (
        <div class="buttons">
          {asked.value ? (
            <>
              <span>Its secret and its weights go from this browser. Others keep theirs.</span>
              <button type="button" class="danger" onClick={forget}>
                Delete
              </button>
              <button type="button" onClick={() => (asked.value = false)}>
                Keep
              </button>
            </>
          ) : (
            <button type="button" aria-label={`Delete ${name}`} onClick={() => (asked.value = true)}>
              Delete…
            </button>
          )}
        </div>
      )}
    </li>
  );
}
