import type { CheckRow } from '../../app/app-model.ts';
import { words } from '../../words/words.ts';
import { usePage } from '../page-state.ts';

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
      {checks.length > 0 && (
        <table class="checks">
          <thead class="visually-hidden">
            <tr>
              <th>{said.result}</th>
              <th>{said.name}</th>
            </tr>
          </thead>
          <tbody>
            {checks.map(({ name, passed, detail }, index) => (
              <tr key={`${index} ${name}`} data-testid="check" data-passed={passed}>
                <td class="check-mark">
                  <span aria-hidden="true">{passed ? '✓' : '✗'}</span>
                  <span class="visually-hidden">{passed ? said.passed : said.notPassed}</span>
                </td>
                <td>
                  <span class="check-name">{said.nameOf(name)}</span>
                  <span class="check-detail" lang="en">
                    {detail}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
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
