import type { CheckRow } from '../../app/app-model.ts';
import { usePage } from '../page-state.ts';

/** The checks that a swarm is whole, each with ✓ or ✗ and what was seen. */
export function VerifyPanel() {
  const page = usePage();
  const { model } = page;
  const checks = model.checks.value;
  const verifying = model.verifying.value;
  return (
    <section class="card" aria-labelledby="verify-title">
      <div class="card-head">
        <h2 id="verify-title">Verify</h2>
        <button
          type="button"
          data-testid="verify"
          disabled={verifying || !model.environment.value.secureContext}
          onClick={() => page.perform(() => model.verify())}
        >
          {verifying ? 'Checking…' : 'Check the swarm'}
        </button>
      </div>
      <p class="muted" role="status">
        {summaryWords(checks, verifying)}
      </p>
      {checks.length > 0 && (
        <table class="checks">
          <thead class="visually-hidden">
            <tr>
              <th>Result</th>
              <th>Check</th>
            </tr>
          </thead>
          <tbody>
            {checks.map(({ name, passed, detail }, index) => (
              <tr key={`${index} ${name}`} data-testid="check" data-passed={passed}>
                <td class="check-mark">
                  <span aria-hidden="true">{passed ? '✓' : '✗'}</span>
                  <span class="visually-hidden">{passed ? 'passed' : 'failed'}</span>
                </td>
                <td>
                  <span class="check-name">{name}</span>
                  <span class="check-detail">{detail}</span>
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
  if (checks.length === 0) {
    return verifying ? '' : 'Asks every tab for its files and its state, looks each shard up, and sends a real prompt.';
  }
  const failed = checks.filter(({ passed }) => !passed).length;
  if (failed > 0) return `${failed} of ${checks.length} checks failed.`;
  return verifying ? `${checks.length} checks passed so far.` : `All ${checks.length} checks passed.`;
}
