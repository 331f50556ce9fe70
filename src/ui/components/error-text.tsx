import { errorWords } from '../../words/words.ts';
import { LogText } from './log-text.tsx';

/** What a person can do about an error, and behind it what went wrong. */
export function ErrorText({ code, detail }: { code: string | undefined; detail: string }) {
  const advice = errorWords(code);
  return (
    <>
      {advice !== '' && `${advice} `}
      <LogText text={detail} class={advice === '' ? undefined : 'error-detail'} />
    </>
  );
}
