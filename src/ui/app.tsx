import { computed } from '@preact/signals';
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import './styles/index.css';
import type { AppModel } from '../app/app-model.ts';
import { speak, words } from '../words/words.ts';
import { Alerts } from './components/alerts.tsx';
import { Announcer } from './components/announcer.tsx';
import { Chat } from './components/chat.tsx';
import { FileDrop } from './components/file-drop.tsx';
import { SwarmPanel } from './components/swarm-panel.tsx';
import { TopBar } from './components/top-bar.tsx';
import { PageProvider, PageState, usePage } from './page-state.ts';

/** Draws the page into `root` in the reader's language, and keeps it in step with the model. */
export async function renderApp(root: HTMLElement, model: AppModel): Promise<void> {
  const language = computed(() => model.settings.value.language);
  await speak(language.value);
  language.subscribe((chosen) => void speak(chosen));
  render(
    <PageProvider value={new PageState(model)}>
      <Page />
    </PageProvider>,
    root,
  );
}

function Page() {
  const { model, phase, view, settled } = usePage();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      // An open dialog takes Escape for itself.
      if (event.key !== 'Escape' || !model.busy.value || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      model.stop();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [model]);
  return (
    <div class="page" data-phase={phase.value} data-view={view.value} data-settled={settled.value}>
      <a class="skip-link" href="#prompt">
        {words().page.skip}
      </a>
      <TopBar />
      <Alerts />
      <main class="page-main">
        <SwarmPanel />
        <Chat />
      </main>
      <FileDrop />
      <Announcer />
    </div>
  );
}
