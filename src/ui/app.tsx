import { computed } from '@preact/signals';
import { render } from 'preact';
import './styles/index.css';
import type { AppModel } from '../app/app-model.ts';
import { speak, words } from '../words/words.ts';
import { Alerts } from './components/alerts.tsx';
import { Announcer } from './components/announcer.tsx';
import { Chat } from './components/chat.tsx';
import { FileDrop } from './components/file-drop.tsx';
import { Later } from './components/later.tsx';
import { Shortcuts } from './components/shortcuts.tsx';
import { SwarmPanel } from './components/swarm-panel.tsx';
import { TopBar } from './components/top-bar.tsx';
import { keepFocus } from './keep-focus.ts';
import { lazyComponent } from './lazy-component.ts';
import { PageProvider, PageState, usePage } from './page-state.ts';

const simulationBanner = lazyComponent(
  async () => (await import('./components/simulation-banner.tsx')).SimulationBanner,
);

/**
 * Draws the page into `root` in the reader's language, and keeps it in step with the model.
 * @returns what of the page is no model's
 */
export async function renderApp(root: HTMLElement, model: AppModel): Promise<PageState> {
  const language = computed(() => model.settings.value.language);
  await speak(language.value);
  language.subscribe((chosen) => void speak(chosen));
  keepFocus();
  const page = new PageState(model);
  render(
    <PageProvider value={page}>
      <Page />
    </PageProvider>,
    root,
  );
  return page;
}

function Page() {
  const { phase, view, settled, model } = usePage();
  return (
    <div class="page" data-phase={phase.value} data-view={view.value} data-settled={settled.value}>
      <a class="skip-link" href="#prompt">
        {words().page.skip}
      </a>
      <TopBar />
      <Alerts />
      {model.simulation && <Later of={simulationBanner} />}
      <main class="page-main">
        <SwarmPanel />
        <Chat />
      </main>
      <FileDrop />
      <Shortcuts />
      <Announcer />
    </div>
  );
}
