import { useSignal } from '@preact/signals';
import type { ShelfModel } from '../../app/app-model.ts';
import { formatTimeLeft } from '../../core/format.ts';
import { formatBytes, formatCount, shardNames } from '../../words/format.ts';
import { laterWords } from '../../words/later-words.ts';
import { words } from '../../words/words.ts';
import { fitWords, speedWords } from '../forecast-words.ts';
import { usePage } from '../page-state.ts';

interface ModelItemProps {
  readonly model: ShelfModel;
  readonly open: () => void;
  readonly forget: () => void;
}

/** One model: what it is, what it would be like here, and the way in. */
export function ModelItem({ model, open, forget }: ModelItemProps) {
  const { name, totalBytes, layerCount, contextLength, shardCount, current, privateName, forecasts } = model;
  const page = usePage();
  const asked = useSignal(false);
  /** Shards of the open model that only this tab serves, when it was asked to go. */
  const missed = useSignal<readonly number[]>([]);
  const openUnlessMissed = () =>
    page.perform(async () => {
      // A guest has nothing that others could lose.
      const serves = page.model.swarm.value.role === 'node';
      missed.value = serves ? (await page.model.whatOthersLose()).shards : [];
      if (missed.value.length === 0) open();
    });
  const said = laterWords();
  return (
    <li class="model-item" data-testid="model-item" data-current={current}>
      <div class="model-line">
        <div class="model-what">
          <strong dir="auto">{name}</strong>
          <small>
            {said.models.facts(formatBytes(totalBytes), layerCount, shardCount, formatCount(contextLength))}
            {privateName !== undefined && ` · ${said.models.privateSwarm}`}
          </small>
        </div>
        {current ? (
          <span class="model-here">{said.models.openNow}</span>
        ) : (
          <button
            type="button"
            class="strong"
            data-testid="model-open"
            aria-label={said.models.openOne(name)}
            aria-expanded={missed.value.length > 0}
            onClick={openUnlessMissed}
          >
            {said.open}
          </button>
        )}
      </div>
      {missed.value.length > 0 && (
        <div class="model-note" data-testid="model-leaving">
          <p class="warn">{said.models.onlyThisTab(shardNames(missed.value))}</p>
          <div class="buttons">
            <button type="button" class="danger" data-testid="model-open-now" onClick={open}>
              {said.models.openAllTheSame}
            </button>
            <button type="button" onClick={() => (missed.value = [])}>
              {words().cancel}
            </button>
          </div>
        </div>
      )}
      {forecasts && <p data-testid="forecast">{fitWords(model)}</p>}
      {forecasts && (
        <details>
          <summary>{said.models.withMore}</summary>
          <table class="forecast-table">
            <thead>
              <tr>
                <th scope="col">{said.models.devices}</th>
                <th scope="col">{said.models.eachHolds}</th>
                <th scope="col">{said.models.anAnswer}</th>
                <th scope="col">{said.models.download}</th>
              </tr>
            </thead>
            <tbody>
              {forecasts.map(({ devices, deviceBytes, shortBytes, tokensPerSecond, downloadSeconds }) => (
                <tr key={devices}>
                  <th scope="row">{devices}</th>
                  <td>
                    {formatBytes(deviceBytes)}
                    {shortBytes > 0 && `, ${said.models.tooMuch(formatBytes(shortBytes))}`}
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
              <span>{said.models.deleteNote}</span>
              <button type="button" class="danger" onClick={forget}>
                {said.delete}
              </button>
              <button type="button" onClick={() => (asked.value = false)}>
                {said.models.keep}
              </button>
            </>
          ) : (
            <button type="button" aria-label={said.models.deleteOne(name)} onClick={() => (asked.value = true)}>
              {said.models.deleteAsk}
            </button>
          )}
        </div>
      )}
    </li>
  );
}
