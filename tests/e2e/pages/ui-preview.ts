import { options } from 'preact';
import { renderApp } from '../../../src/ui/app.tsx';
import { PreviewModel } from '../support/preview-model.ts';
import { PREVIEW_STATES, type PreviewState } from '../support/preview-states.ts';

// `?state=ready` shows the page in that state; tests drive it through `window.preview`.
const name = new URLSearchParams(location.search).get('state') ?? 'first';
const model = new PreviewModel();
PREVIEW_STATES[name as PreviewState](model);
renderApp(document.getElementById('app')!, model);

// How often each component was drawn, for tests of what must stay still.
const drawn: Record<string, number> = {};
const { diffed } = options;
options.diffed = (vnode) => {
  if (typeof vnode.type === 'function') drawn[vnode.type.name] = (drawn[vnode.type.name] ?? 0) + 1;
  diffed?.(vnode);
};
Object.assign(window, { preview: model, drawn });
