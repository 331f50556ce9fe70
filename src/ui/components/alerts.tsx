import { type PageAlert, usePage } from '../page-state.ts';
import { InsecureNotice } from './environment-notice.tsx';

/** What the person must know or act on, above everything else. */
export function Alerts() {
  const { alerts, model } = usePage();
  const insecure = !model.environment.value.secureContext;
  if (alerts.value.length === 0 && !insecure) return <div class="alerts" />;
  return (
    <section class="alerts" aria-label="Alerts">
      {insecure && <InsecureNotice />}
      {alerts.value.map((alert) => (
        <AlertBox key={`${alert.level}-${alert.text}`} alert={alert} />
      ))}
    </section>
  );
}

function AlertBox({ alert: { level, text, count, dismiss } }: { alert: PageAlert }) {
  return (
    <div
      class="alert"
      data-testid={level === 'info' ? 'notice' : 'alert'}
      data-level={level}
      role={level === 'error' ? 'alert' : 'status'}
    >
      <p>
        {text}
        {count !== undefined && ` (${count} times)`}
      </p>
      <button type="button" class="alert-dismiss" aria-label="Dismiss" onClick={dismiss}>
        ✕
      </button>
    </div>
  );
}
