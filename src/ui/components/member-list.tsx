import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { MemberRow } from '../../app/app-model.ts';
import { formatDuration, formatMs, joinWords, shardNames } from '../../words/format.ts';
import { words } from '../../words/words.ts';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';
import { TabMark } from './tab-mark.tsx';

const memberCard = lazyComponent(async () => (await import('./member-card.tsx')).MemberCard);

const REDRAW_MS = 10_000;
/** Rows of the list: a person reads no more, and each costs the page at every change. */
const MAX_ROWS = 100;

/** Who is in the swarm and what each runs. */
export function MemberList() {
  const page = usePage();
  const { model, names } = page;
  const members = model.members.value;
  const { acceptRemoteUnloads, trustedPeers, lend } = model.settings.value;
  const said = words().members;
  const rights = [...(lend.onlyTrusted ? [said.useLent] : []), ...(acceptRemoteUnloads ? [said.takeShards] : [])];
  const trust = (peerId: string, trusted: boolean) =>
    model.changeSettings({
      trustedPeers: [...trustedPeers.filter((other) => other !== peerId), ...(trusted ? [peerId] : [])],
    });
  if (members.length === 0) return null;
  return (
    <section class="card" aria-labelledby="members-title">
      <h2 id="members-title">{said.title}</h2>
      <ul class="member-list">
        {shownOf(members).map((member) => (
          <li key={member.peerId} class="member" data-testid="member" data-draining={member.draining}>
            <TabMark peerId={member.peerId} />
            <span class="member-name" title={member.peerId}>
              {names.value.full(member.peerId)}
              {member.self && <span class="muted"> · {said.self}</span>}
            </span>
            <span class="muted member-facts">{factWords(member)}</span>
            <span class="member-part">
              {partWords(member)}
              {member.checked && <Checked {...member.checked} />}
            </span>
            {member.room && !member.self && (
              <button type="button" class="member-room" onClick={() => page.lookInto(member.peerId)}>
                {said.lookIn}
              </button>
            )}
            <About peerId={member.peerId} name={names.value.full(member.peerId)} />
            {rights.length > 0 && !member.self && (
              <label class="member-trust">
                <input
                  type="checkbox"
                  data-testid="trust"
                  checked={trustedPeers.includes(member.peerId)}
                  onChange={({ currentTarget }) => trust(member.peerId, currentTarget.checked)}
                />
                <span>{said.may(joinWords(rights))}</span>
              </label>
            )}
          </li>
        ))}
      </ul>
      {members.length > MAX_ROWS && <p class="muted">{said.more(members.length - MAX_ROWS)}</p>}
    </section>
  );
}

/** Opens and folds the card of a tab's device. */
function About({ peerId, name }: { peerId: string; name: string }) {
  const open = useSignal(false);
  const Card = memberCard.component.value;
  return (
    <>
      <button
        type="button"
        class="member-about"
        data-testid="about-device"
        aria-expanded={open.value}
        aria-label={`${words().members.about}: ${name}`}
        onClick={() => {
          open.value = !open.value;
          void memberCard.load();
        }}
      >
        {words().members.about}
      </button>
      {open.value && Card && <Card peerId={peerId} />}
    </>
  );
}

/** How often this tab has had others compute the same, as time passes. */
function Checked({ times, atMs }: NonNullable<MemberRow['checked']>) {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      now.value = Date.now();
    }, REDRAW_MS);
    return () => clearInterval(timer);
  }, [now]);
  const agoMs = Math.max(0, Math.max(now.value, Date.now()) - atMs);
  const ago = agoMs < REDRAW_MS ? undefined : formatDuration(agoMs);
  return (
    <span data-testid="checked">
      {' · '}
      {words().members.checked(times, ago)}
    </span>
  );
}

/** Of many, this tab and those it is connected to first. */
function shownOf(members: readonly MemberRow[]): readonly MemberRow[] {
  if (members.length <= MAX_ROWS) return members;
  const near = members.filter(({ self, connected }) => self || connected);
  const far = members.filter(({ self, connected }) => !self && !connected);
  return [...near, ...far].slice(0, MAX_ROWS);
}

function partWords({ ready, pending, draining, build }: MemberRow): string {
  const said = words().members;
  if (build) return said.builds[build];
  if (draining) return ready.length > 0 ? said.handsOver(shardNames(ready)) : said.leaving;
  const parts = [];
  if (ready.length > 0) parts.push(said.runs(shardNames(ready)));
  if (pending.length > 0) parts.push(said.fetches(shardNames(pending)));
  return parts.join(', ') || said.holdsNone;
}

function factWords({ connected, layersPerSecond }: MemberRow): string {
  const { notConnected, msALayer } = words().members;
  if (!connected) return notConnected;
  return layersPerSecond > 0 ? msALayer(formatMs(1000 / layersPerSecond)) : '';
}
