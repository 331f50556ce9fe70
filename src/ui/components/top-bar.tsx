import { words } from '../../words/words.ts';
import { usePage, type View } from '../page-state.ts';
import { ConversationsButton } from './conversations-button.tsx';
import { ModelButton } from './model-button.tsx';

/** Who this is, which model, how the swarm is; and on a narrow screen the switch between swarm and chat. */
export function TopBar() {
  const { model } = usePage();
  const { state, nodes } = model.swarm.value;
  const { top, tabs } = words();
  return (
    <header class="top-bar">
      <h1 class="brand">
        <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" width="26" height="26" />
        Shoal
      </h1>
      <ModelButton />
      <p class="top-state" data-state={state}>
        <span class="dot" aria-hidden="true" />
        <span class="top-state-word">{top.states[state]}</span>
        {nodes > 0 && <span class="top-state-nodes">{tabs(nodes)}</span>}
      </p>
      <ConversationsButton />
      <ViewSwitch />
    </header>
  );
}

function ViewSwitch() {
  const page = usePage();
  const button = (view: View, label: string) => (
    <button type="button" aria-pressed={page.view.value === view} onClick={() => page.show(view)}>
      {label}
    </button>
  );
  return (
    <nav class="view-switch" aria-label={words().page.view}>
      {button('swarm', words().page.swarm)}
      {button('chat', words().page.chat)}
    </nav>
  );
}
