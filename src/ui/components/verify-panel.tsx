import type { CheckRow } from '../../app/app-model.ts';
import { words } from '../../words/words.ts';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';
import { Later } from './later.tsx';

export const checkList = lazyComponent(async () => (await import('./later-parts.ts')).CheckList);

/** The checks that a swarm is whole, each with ✓ or ✗ and what was seen. */
export function VerifyPanel() {
  const page = usePage();
  const { model } = page;
  const checks = model.checks.value;
  const verifying = model.verifying.value;
  const said = words().verify;
  return (
    <section class="card" aria-labelledby="verify-title">
      <div class="card-head">
        <h2 id="verify-title">{said.title}</h2>
        <button
          type="button"
          data-testid="verify"
          disabled={verifying || !model.environment.value.secureContext}
          onClick={() => page.perform(() => model.verify())}
        >
          {verifying ? said.checking : said.check}
        </button>
      </div>
      <p class="muted" role="status">
        {summaryWords(checks, verifying)}
      </p>
      {checks.length > 0 && <Later of={checkList} />}
    </section>
  );
}

function summaryWords(checks: readonly CheckRow[], verifying: boolean): string {
  const said = words().verify;
  if (checks.length === 0) return verifying ? '' : said.about;
  const failed = checks.filter(({ passed }) => !passed).length;
  if (failed > 0) return said.failed(failed, checks.length);
  return (verifying ? said.passedSoFar : said.allPassed)(checks.length);
}
