import type { FetchPriority, HubView, ShardRow, TabTraffic } from '../../app/app-model.ts';
import { formatBytes } from '../../words/format.ts';
import { laterWords } from '../../words/later-words.ts';
import { usePage } from '../page-state.ts';
import { TabMark } from './tab-mark.tsx';

const PRIORITIES: readonly FetchPriority[] = ['first', 'normal', 'last'];

/** What a torrent client shows of a file: its pieces, whom they come from and go to, and how it is fetched. */
export function ShardDetails({ shard }: { shard: ShardRow }) {
  const { index, pieces, receivedBytes, serverBytes, hub, sentBytes, traffic, storedBytes, totalBytes } = shard;
  const said = laterWords().shard;
  const fromTabs = Math.max(0, receivedBytes - serverBytes - (hub?.bytes ?? 0));
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
        {hub && hub.bytes > 0 && <Fact label={said.fromHub(hub.host)} value={formatBytes(hub.bytes)} />}
        <Fact label={said.given} value={formatBytes(sentBytes)} />
      </dl>
      {hub && <HubNote hub={hub} whole={storedBytes >= totalBytes} index={index} />}
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

/** What becomes of the last resort, while there is something to fetch. */
function HubNote({ hub: { host, state, trouble }, whole, index }: { hub: HubView; whole: boolean; index: number }) {
  const said = laterWords().shard;
  if (whole) return null;
  const about = {
    idle: said.hubIdle(host),
    off: said.hubOff(host),
    fetching: said.hubFetching(host),
    resting: trouble && said.hubResting(host, said.hubTroubles[trouble]),
    refused: trouble && said.hubRefused(host, said.hubTroubles[trouble]),
  }[state];
  return (
    <p class={state === 'refused' ? 'warn' : 'muted'} data-testid={`shard-${index}-hub`} data-state={state}>
      {about}
    </p>
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
