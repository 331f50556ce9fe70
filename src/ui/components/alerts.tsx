import { useRef } from 'preact/hooks';
import { words } from '../../words/words.ts';
import { type PageAlert, usePage } from '../page-state.ts';
import { InsecureNotice } from './environment-notice.tsx';
import { ErrorText } from './error-text.tsx';

/** What the person must know or act on, above everything else. */
export function Alerts() {
  const { alerts, model } = usePage();
  const insecure = !model.environment.value.secureContext;
  if (alerts.value.length === 0 && !insecure) return <div class="alerts" />;
  return (
    <section class="alerts" aria-label={words().page.alerts}>
      {insecure && <InsecureNotice />}
      {alerts.value.map((alert) => (
        <AlertBox key={`${alert.level}-${alert.text}`} alert={alert} />
      ))}
    </section>
  );
}

/** Within a dialog, which hides the others: what has been told since it was opened. */
export function AlertsSince() {
  const { alerts } = usePage();
  const before = useRef(alerts.value).current;
  const fresh = alerts.value.filter(
    ({ text, count }) => !before.some((old) => old.text === text && old.count === count),
  );
  return fresh.map((alert) => <AlertBox key={`${alert.level}-${alert.text}`} alert={alert} />);
}

function AlertBox({ alert: { level, text, code, count, dismiss } }: { alert: PageAlert }) {
  return (
    <div
      class="alert"
      data-testid={level === 'info' ? 'notice' : 'alert'}
      data-level={level}
      role={level === 'error' ? 'alert' : 'status'}
    >
      <p>
        {code === undefined ? text : <ErrorText code={code} detail={text} />}
        {count !== undefined && ` ${words().times(count)}`}
      </p>
      <button type="button" class="alert-dismiss" aria-label={words().page.dismiss} onClick={dismiss}>
        ✕
      </button>
    </div>
  );
}
