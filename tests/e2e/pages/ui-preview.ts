import { renderApp } from '../../../src/ui/app.tsx';
import { PreviewModel } from '../support/preview-model.ts';
import { PREVIEW_STATES, type PreviewState } from '../support/preview-states.ts';

// `?state=ready` shows the page in that state; tests drive it through `window.preview`.
const name = new URLSearchParams(location.search).get('state') ?? 'first';
const model = new PreviewModel();
PREVIEW_STATES[name as PreviewState](model);
renderApp(document.getElementById('app')!, model);
Object.assign(window, { preview: model });
