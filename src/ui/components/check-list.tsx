import type { CheckRow } from '../../app/app-model.ts';
import { laterWords } from '../../words/later-words.ts';
import { words } from '../../words/words.ts';
import { usePage } from '../page-state.ts';
import { ErrorText } from './error-text.tsx';

/** What was checked: of the whole swarm, then of each tab and each shard. */
export function CheckList() {
  const checks = usePage().model.checks.value;
  return (
    <>
      {groupsOf(checks).map(({ key, rows }) =>
        key === '' ? <CheckTable key={key} rows={rows} /> : <CheckGroup key={key} rows={rows} />,
      )}
    </>
  );
}

/** All checks of one tab or shard in a line, which opens: by itself where one of them failed. */
function CheckGroup({ rows }: { rows: readonly CheckRow[] }) {
  const { names } = usePage();
  const said = laterWords().checks;
  const of = rows[0]!.of!;
  const passed = rows.every((row) => row.passed);
  const who = 'shard' in of ? words().shard.one(of.shard) : names.value.full(of.peerId);
  return (
    <details class="check-group" data-testid="check-group" data-passed={passed} open={!passed}>
      <summary>
        <CheckMark passed={passed} /> <span dir="auto">{said.group(who, rows.length)}</span>
      </summary>
      <CheckTable rows={rows} />
    </details>
  );
}

function CheckMark({ passed }: { passed: boolean }) {
  const said = laterWords().checks;
  return (
    <span class="check-mark">
      <span aria-hidden="true">{passed ? '✓' : '✗'}</span>
      <span class="visually-hidden">{passed ? said.passed : said.notPassed}</span>
    </span>
  );
}

function CheckTable({ rows }: { rows: readonly CheckRow[] }) {
  const { names } = usePage();
  const said = laterWords().checks;
  return (
    <table class="checks">
      <thead class="visually-hidden">
        <tr>
          <th>{said.result}</th>
          <th>{said.name}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, passed, detail, seen, code }, index) => (
          <tr key={`${index} ${name}`} data-testid="check" data-passed={passed}>
            <td>
              <CheckMark passed={passed} />
            </td>
            <td>
              <span class="check-name">{said.nameOf(name)}</span>
              <span class="check-detail">
                {seen ? (
                  said.seen(seen, (peerId) => names.value.full(peerId))
                ) : (
                  <ErrorText code={code} detail={detail} />
                )}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What is of the whole swarm first, then a group for each tab and each shard, in the order of their first check. */
function groupsOf(checks: readonly CheckRow[]): { key: string; rows: readonly CheckRow[] }[] {
  const groups = Map.groupBy(checks, ({ of }) => (of === undefined ? '' : JSON.stringify(of)));
  return [...groups].map(([key, rows]) => ({ key, rows })).sort((a, b) => Number(b.key === '') - Number(a.key === ''));
}
