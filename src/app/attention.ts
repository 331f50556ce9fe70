import { effect, signal } from '@preact/signals';
import { log } from '../core/log.ts';
import { laterWords } from '../words/later-words.ts';
import { errorWords } from '../words/words.ts';
import type { AppModel } from './app-model.ts';

/** An answer that took less is seen by whoever waits for it. */
const LONG_ANSWER_MS = 10_000;
const MAX_BODY_CHARS = 140;

type Watched = Pick<AppModel, 'swarm' | 'busy' | 'messages' | 'settings'>;

/**
 * What a tab says while nobody looks at it: by its title that it serves or has answered, by a notice that a long answer
 * is done. And it keeps the screen on while it serves, where its owner wants that: a device that sleeps serves nobody.
 */
export function watchAttention(model: Watched): void {
  const hidden = signal(document.hidden);
  const answered = signal(false);
  document.addEventListener('visibilitychange', () => {
    hidden.value = document.hidden;
    if (!document.hidden) answered.value = false;
  });
  const title = document.title;
  let begunAtMs = 0;
  effect(() => {
    const busy = model.busy.value;
    if (busy) begunAtMs = performance.now();
    else if (begunAtMs > 0 && hidden.peek()) {
      answered.value = true;
      if (performance.now() - begunAtMs >= LONG_ANSWER_MS && model.settings.peek().notify) notifyAnswer(model);
    }
  });
  effect(() => {
    document.title = hidden.value ? `${whileHidden(model, answered.value)}${title}` : title;
  });
  let lock: Promise<WakeLockSentinel | undefined> | undefined;
  effect(() => {
    const { stayAwake } = model.settings.value;
    // The browser lets go of it by itself when the page is hidden.
    if (stayAwake && model.swarm.value.role === 'node' && !hidden.value) lock ??= keepAwake();
    else {
      void lock?.then((held) => held?.release());
      lock = undefined;
    }
  });
}

function whileHidden({ busy, swarm }: Watched, answered: boolean): string {
  const { attention } = laterWords();
  if (busy.value) return `${attention.answering} · `;
  if (answered) return `${attention.answered} · `;
  return swarm.value.role === 'node' ? `${attention.serving} · ` : '';
}

function notifyAnswer({ messages }: Watched): void {
  const last = messages.peek().at(-1);
  if (!last || Notification.permission !== 'granted') return;
  const failed = last.state === 'error';
  const { attention } = laterWords();
  const notice = new Notification(failed ? attention.failed : attention.there, {
    body: (failed ? errorWords(last.errorCode) || (last.error ?? '') : last.text).slice(0, MAX_BODY_CHARS),
  });
  notice.onclick = () => window.focus();
}

async function keepAwake(): Promise<WakeLockSentinel | undefined> {
  try {
    return await navigator.wakeLock.request('screen');
  } catch (error) {
    log.info('UI', `The screen is not kept on: ${String(error)}`);
    return undefined;
  }
}
