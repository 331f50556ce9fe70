import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { DeviceCard, Exchanged } from '../../app/app-model.ts';
import { ShoalError } from '../../core/errors.ts';
import { formatBytes, formatCount, formatMs } from '../../words/format.ts';
import { laterWords } from '../../words/later-words.ts';
import { detailWords } from '../../words/words.ts';
import { usePage } from '../page-state.ts';

const ASK_AGAIN_MS = 5000;

/** What a tab computes with, how fast it is, how it is reached: asked of it as long as it is shown. */
export function MemberCard({ peerId }: { peerId: string }) {
  const { model } = usePage();
  const card = useSignal<DeviceCard | undefined>(undefined);
  const missed = useSignal(false);
  useEffect(() => {
    let shown = true;
    let asking = false;
    const ask = async () => {
      // One that does not answer is not asked a second time meanwhile.
      if (asking) return;
      asking = true;
      try {
        const found = await model.device(peerId);
        if (shown) [card.value, missed.value] = [found, false];
      } catch (thrown) {
        if (shown) missed.value = ShoalError.from(thrown).code !== 'aborted';
      } finally {
        asking = false;
      }
    };
    void ask();
    const timer = setInterval(() => void ask(), ASK_AGAIN_MS);
    return () => {
      shown = false;
      clearInterval(timer);
    };
  }, [model, peerId]);
  const said = laterWords().card;
  return (
    <div class="member-card" data-testid="member-card">
      {(missed.value || !card.value) && <p class="muted">{missed.value ? said.silent : said.asking}</p>}
      {card.value && (
        <dl class="facts">
          {rowsOf(card.value).map(([label, text]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

function rowsOf(card: DeviceCard): readonly (readonly [label: string, text: string])[] {
  const said = laterWords().card;
  const { layersPerSecond, measuredPerSecond, roundTripMs, path } = card;
  const speed = (value: number) => said.layersPerSecond(formatCount(Math.round(value)));
  const link = [path && said.paths[path], roundTripMs > 0 && said.roundTrip(formatMs(roundTripMs))].filter(Boolean);
  return [
    [
      said.computes,
      [said.runners[card.computes], detailWords(card.adapter) ?? card.adapter].filter(Boolean).join(' · '),
    ],
    ...(layersPerSecond > 0 ? [[said.says, speed(layersPerSecond)] as const] : []),
    ...(measuredPerSecond === undefined ? [] : [[said.measured, speed(measuredPerSecond)] as const]),
    ...(card.taken ? [[said.taken, exchangedWords(card.taken)] as const] : []),
    ...(card.given ? [[said.given, exchangedWords(card.given)] as const] : []),
    [said.waiting, formatCount(card.queueLength)],
    [said.room, said.tokens(formatCount(card.freeTokens))],
    ...(link.length > 0 ? [[said.link, link.join(' · ')] as const] : []),
    [said.version, card.version],
  ];
}

/** Of this page's time: whose name a tab bears ends with its page. */
function exchangedWords({ tokens, bytes }: Exchanged): string {
  return laterWords().card.exchanged(formatCount(Math.round(tokens)), formatBytes(bytes));
}
