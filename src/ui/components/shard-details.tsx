import type { FetchPriority, ShardRow, TabTraffic } from '../../app/app-model.ts';
import { formatBytes } from '../../words/format.ts';
import { laterWords } from '../../words/later-words.ts';
import { usePage } from '../page-state.ts';
import { TabMark } from './tab-mark.tsx';

const PRIORITIES: readonly FetchPriority[] = ['first', 'normal', 'last'];

/** What a torrent client shows of a file: its pieces, whom they come from and go to, and how it is fetched. */
export function ShardDetails({ shard }: { shard: ShardRow }) {
  const { index, pieces, receivedBytes, serverBytes, sentBytes, traffic, storedBytes, totalBytes } = shard;
  const said = laterWords().shard;
  const fromTabs = Math.max(0, receivedBytes - serverBytes);
  return (
    <div class="shard-details" data-testid={`shard-${index}-details`}>
      {storedBytes < totalBytes && <Download shard={shard} />}
      {pieces && (
        <div>
          <p class="muted">{said.pieces(pieces.stored, pieces.count)}</p>
          <div class="piece-map" aria-hidden="true">
            {pieces.parts.map((share, part) => (
              <span key={part} style={{ opacity: share }} />
            ))}
          </div>
        </div>
      )}
      <dl class="facts">
        <Fact label={said.fromTabs} value={formatBytes(fromTabs)} />
        <Fact label={said.fromServer} value={formatBytes(serverBytes)} />
        <Fact label={said.given} value={formatBytes(sentBytes)} />
      </dl>
      {traffic.length > 0 && (
        <ul class="shard-traffic" aria-label={said.tabs}>
          {traffic.map((tab, at) => (
            <TrafficRow key={tab.peerId ?? at} tab={tab} />
          ))}
        </ul>
      )}
      <p class="muted">{said.since}</p>
    </div>
  );
}

function Fact({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** Pause and order of what is still to come. */
function Download({ shard: { index, wish } }: { shard: ShardRow }) {
  const { model } = usePage();
  const said = laterWords().shard;
  return (
    <>
      <div class="buttons">
        <button
          type="button"
          data-testid={`shard-${index}-pause`}
          onClick={() => model.changeFetch(index, { paused: !wish.paused })}
        >
          {wish.paused ? said.goOn : said.pause}
        </button>
        <label class="shard-priority">
          <span>{said.priority}</span>
          <select
            data-testid={`shard-${index}-priority`}
            value={wish.priority}
            onChange={({ currentTarget }) =>
              model.changeFetch(index, { priority: currentTarget.value as FetchPriority })
            }
          >
            {PRIORITIES.map((priority) => (
              <option key={priority} value={priority}>
                {said.priorities[priority]}
              </option>
            ))}
          </select>
        </label>
      </div>
      {wish.paused && <p class="muted">{said.pausedNote}</p>}
    </>
  );
}

function TrafficRow({ tab: { peerId, receivedBytes, sentBytes, connected } }: { tab: TabTraffic }) {
  const names = usePage().names.value;
  const said = laterWords().shard;
  return (
    <li>
      {peerId !== undefined && <TabMark peerId={peerId} />}
      <span class="member-name" title={peerId}>
        {peerId === undefined ? said.unnamed : names.full(peerId)}
      </span>
      <span>{said.traffic(formatBytes(receivedBytes), formatBytes(sentBytes))}</span>
      {!connected && <span class="muted">{said.gone}</span>}
    </li>
  );
}
