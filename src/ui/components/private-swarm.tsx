import { useSignal } from '@preact/signals';
import { words } from '../../words/words.ts';
import { usePage } from '../page-state.ts';

/** The way from an open swarm to one of one's own. */
export function PrivateSwarmOffer() {
  const { model } = usePage();
  const said = words().invite;
  return (
    <Confirmed
      testId="found-private"
      label={said.makePrivate}
      question={said.makePrivateQuestion}
      yes={said.makePrivateYes}
      act={() => model.foundPrivateSwarm()}
    />
  );
}

/** Leaves everybody outside who has only the old links. */
export function NewLink() {
  const { model } = usePage();
  const said = words().invite;
  return (
    <Confirmed
      testId="new-link"
      label={said.newLink}
      question={said.newLinkQuestion}
      yes={said.newLinkYes}
      act={() => model.startNewLink()}
    />
  );
}

interface ConfirmedProps {
  readonly testId: string;
  readonly label: string;
  readonly question: string;
  readonly yes: string;
  readonly act: () => Promise<void>;
}

/** A button that says first what follows from it. */
function Confirmed({ testId, label, question, yes, act }: ConfirmedProps) {
  const page = usePage();
  const asked = useSignal(false);
  const busy = useSignal(false);
  const confirm = () =>
    page.perform(async () => {
      busy.value = true;
      try {
        await act();
      } finally {
        busy.value = false;
      }
    });
  if (!asked.value) {
    return (
      <div class="buttons">
        <button type="button" data-testid={testId} onClick={() => (asked.value = true)}>
          {label}
        </button>
      </div>
    );
  }
  return (
    <section aria-label={yes}>
      <p>{question}</p>
      <div class="buttons">
        <button type="button" class="strong" data-testid={`${testId}-yes`} disabled={busy.value} onClick={confirm}>
          {busy.value ? words().invite.moment : yes}
        </button>
        <button type="button" disabled={busy.value} onClick={() => (asked.value = false)}>
          {words().cancel}
        </button>
      </div>
    </section>
  );
}
