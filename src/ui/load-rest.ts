import { spokenEvent } from './components/announcer.tsx';
import { answerMarkdown } from './components/answer-text.tsx';
import { roomBar } from './components/chat.tsx';
import { attachmentBar } from './components/composer.tsx';
import { conversationDrawer } from './components/conversations-button.tsx';
import { qrCode } from './components/invite.tsx';
import { farewellNote } from './components/join-controls.tsx';
import { modelPicker } from './components/model-button.tsx';
import { settingsForm } from './components/settings-panel.tsx';
import { shardDetails } from './components/shard-item.tsx';
import { shortcutSheet } from './components/shortcuts.tsx';
import { lapMap, timeline } from './components/swarm-panel.tsx';
import { checkList } from './components/verify-panel.tsx';
import { joinForecast } from './components/welcome.tsx';
import { keepPage } from './keep-page.ts';

/** The first look at the page, and perhaps the first click, are over by then. */
const REST_AFTER_MS = 3000;

const PARTS = [
  answerMarkdown,
  qrCode,
  settingsForm,
  conversationDrawer,
  attachmentBar,
  modelPicker,
  roomBar,
  shortcutSheet,
  shardDetails,
  joinForecast,
  lapMap,
  farewellNote,
  checkList,
  timeline,
  spokenEvent,
];

/**
 * Loads, once there is time, the code that the first screen did without: the server may be away when it is wanted.
 * @param more - loads the model's part of it
 * @param onUpdate - as of `keepPage`; the page is not kept without
 */
export function loadRest(more: () => Promise<void>, onUpdate?: () => void): void {
  setTimeout(() => {
    void loadParts(more);
    if (onUpdate) void keepPage(onUpdate);
  }, REST_AFTER_MS);
}

/** One after the other: all at once would hold a slow device up. */
async function loadParts(more: () => Promise<void>): Promise<void> {
  for (const part of PARTS) await part.load();
  await more();
}
