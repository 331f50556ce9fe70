import { useSignal } from '@preact/signals';
import { usePage } from '../page-state.ts';

/** The way from an open swarm to one of one's own. */
export function PrivateSwarmOffer() {
  const { model } = usePage();
  return (
    <Confirmed
      testId="found-private"
      label="Make it private…"
      question="This tab leaves the open swarm and founds one that only people with its new link can find and enter. It takes its shards along, and the page is opened again."
      yes="Found a private swarm"
      act={() => model.foundPrivateSwarm()}
    />
  );
}

/** Leaves everybody outside who has only the old links. */
export function NewLink() {
  const { model } = usePage();
  return (
    <Confirmed
      testId="new-link"
      label="Start a new link…"
      question="The members whose tabs are open now move along, with their shards. All others, guests too, need the new link: the old ones lead nowhere. A server that was started with --private sends this swarm no more of the model until the new link's secret, what follows s=, stands in its file swarm.secret and it is started again."
      yes="Start a new link"
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
          {busy.value ? 'One moment…' : yes}
        </button>
        <button type="button" disabled={busy.value} onClick={() => (asked.value = false)}>
          Cancel
        </button>
      </div>
    </section>
  );
}
