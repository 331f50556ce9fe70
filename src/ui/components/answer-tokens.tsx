import '../styles/answer-tokens.css';
import { useSignal, useSignalEffect } from '@preact/signals';
import type { AnswerToken } from '../../app/app-model.ts';
import { formatNumber } from '../../words/format.ts';
import { laterWords } from '../../words/later-words.ts';
import { usePage } from '../page-state.ts';

/** The tokens of an answer: how likely each was, what else was likely there, and a way to go on with that. */
export function AnswerTokens({ id }: { id: number }) {
  const page = usePage();
  const { model } = page;
  const chosen = useSignal<number | undefined>(undefined);
  /** Where the Tab key comes to: an answer of a thousand tokens is one stop. */
  const stop = useSignal(0);
  const said = laterWords().tokens;
  const all = useSignal<readonly AnswerToken[]>([]);
  useSignalEffect(() => {
    // More come when the answer goes on.
    if (!model.hasTokens(id)) return;
    page.perform(async () => {
      all.value = await model.tokensOf(id);
    });
  });
  const tokens = all.value;
  const place = chosen.value;
  const token = place === undefined ? undefined : tokens[place];
  const goOn = (other: number | undefined) => {
    page.tokensShown.value = undefined;
    page.perform(() => model.goOnFrom(id, place!, other));
  };
  return (
    <section class="answer-tokens" aria-label={said.label} data-testid="answer-tokens">
      <p class="muted">{said.about}</p>
      <div class="token-row" dir="auto" role="toolbar" aria-label={said.label} onKeyDown={moveByArrows}>
        {tokens.map(({ text, share }, index) => (
          <button
            key={index}
            type="button"
            data-testid="token"
            tabIndex={index === Math.min(stop.value, tokens.length - 1) ? 0 : -1}
            onFocus={() => (stop.value = index)}
            aria-pressed={index === place}
            aria-label={tokenLabel(text, share)}
            style={{ '--share': share ?? 0 }}
            onClick={() => (chosen.value = index === place ? undefined : index)}
          >
            {shown(text)}
          </button>
        ))}
      </div>
      {token && (
        <div class="token-others" data-testid="token-others">
          <p>
            <q dir="auto">{shown(token.text)}</q>{' '}
            {token.share === undefined ? said.drawnBefore : said.had(percentOf(token.share))}
          </p>
          <div class="buttons">
            {token.others.map((other, index) => (
              <button key={index} type="button" disabled={!page.canAsk.value} onClick={() => goOn(index)}>
                <q dir="auto">{shown(other.text)}</q>&nbsp;{percentOf(other.share)}
              </button>
            ))}
            <button type="button" disabled={!page.canAsk.value} onClick={() => goOn(undefined)}>
              {said.anew}
            </button>
          </div>
        </div>
      )}
    </section>
  );
}

/** Arrow keys go from token to token, as the text runs. */
function moveByArrows(event: KeyboardEvent): void {
  const row = event.currentTarget as HTMLElement;
  const tokens = [...row.querySelectorAll('button')];
  const at = tokens.indexOf(event.target as HTMLButtonElement);
  const onwards = getComputedStyle(row).direction === 'rtl' ? -1 : 1;
  const places: Partial<Record<string, number>> = {
    ...{ ArrowRight: at + onwards, ArrowLeft: at - onwards, ArrowDown: at + 1, ArrowUp: at - 1 },
    ...{ Home: 0, End: tokens.length - 1 },
  };
  const place = places[event.key];
  if (place === undefined) return;
  event.preventDefault();
  tokens[place]?.focus();
}

function tokenLabel(text: string, share: AnswerToken['share']): string {
  return share === undefined ? shown(text) : `${shown(text)}, ${percentOf(share)}`;
}

/** Spaces and line ends can be seen. */
function shown(text: string): string {
  return text.replaceAll('\n', '\\n').replaceAll(' ', '·') || laterWords().tokens.mark;
}

function percentOf(share: number): string {
  const percent = 100 * share;
  return `${percent >= 0.995 ? Math.round(percent) : formatNumber(percent, smallDigits(percent))} %`;
}

/** Up to the first figure that is not 0. */
function smallDigits(value: number): number {
  return value > 0 ? Math.ceil(-Math.log10(value)) : 0;
}
