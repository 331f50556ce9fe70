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

/**
 * Loads, once there is time, the code that the first screen did without: the server may be away when it is wanted.
 * @param more - loads the model's part of it
 * @param onUpdate - as of `keepPage`; the page is not kept without
 */
export function loadRest(more: () => Promise<void>, onUpdate?: () => void): void {
  setTimeout(() => {
    void answerMarkdown.load();
    void qrCode.load();
    void settingsForm.load();
    void conversationDrawer.load();
    void attachmentBar.load();
    void modelPicker.load();
    void roomBar.load();
    void shortcutSheet.load();
    void shardDetails.load();
    void joinForecast.load();
    void lapMap.load();
    void farewellNote.load();
    void checkList.load();
    void timeline.load();
    void spokenEvent.load();
    void more();
    if (onUpdate) void keepPage(onUpdate);
  }, REST_AFTER_MS);
}
