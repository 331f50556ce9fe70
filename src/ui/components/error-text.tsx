import { errorWords } from '../../words/words.ts';

/** What a person can do about an error, and behind it what went wrong, in the English of the log. */
export function ErrorText({ code, detail }: { code: string | undefined; detail: string }) {
  const advice = errorWords(code);
  return (
    <>
      {advice !== '' && `${advice} `}
      <span class={advice === '' ? undefined : 'error-detail'} lang="en">
        {detail}
      </span>
    </>
  );
}
