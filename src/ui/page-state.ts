import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { AlertList } from '../app/alert-list.ts';
import type { Alert, AppModel } from '../app/app-model.ts';
import { ShoalError } from '../core/errors.ts';
import { type Attachment, readAttachment, withAttachments } from './attachments.ts';
import { type Hindrance, hindrance, roomHindrance, type Situation } from './status-words.ts';
import { TabNames } from './tab-names.ts';

/** What fills a narrow screen. */
export type View = 'swarm' | 'chat';

/** An error of the page's own, beside the alerts of the model. */
export interface PageAlert extends Alert {
  readonly dismiss: () => void;
}

/** What the page knows beside the model: what is ticked, typed and open. */
export class PageState {
  readonly model: AppModel;
  /** Shards that the person has ticked to join with. */
  readonly picks: Signal<ReadonlySet<number>> = signal(new Set<number>());
  readonly draft: Signal<string> = signal('');
  /** Files whose text goes with the next prompt. */
  readonly attachments: Signal<readonly Attachment[]> = signal([]);
  /** What the model would read of draft and files. */
  readonly prompt: ReadonlySignal<string> = computed(() => withAttachments(this.draft.value, this.attachments.value));
  /** The person has asked to join; it may take a while until the swarm knows. */
  readonly joining: Signal<boolean> = signal(false);
  /**
   * Before the first prompt the swarm is the main thing, then the conversation, with the swarm beside it. The person's
   * prompt turns the page over: what becomes ready by itself moves nothing from under a hand or an eye.
   */
  readonly phase: ReadonlySignal<'setup' | 'chat'>;
  readonly view: ReadonlySignal<View>;
  /** Whether all is known that the first screen shows, so that nothing on it moves any more. */
  readonly settled: ReadonlySignal<boolean>;
  readonly situation: ReadonlySignal<Situation>;
  /** What keeps an answer from beginning at once. */
  readonly hindrance: ReadonlySignal<Hindrance | undefined>;
  /** Whether a prompt can be sent now, be it that its answer waits. */
  readonly canAsk: ReadonlySignal<boolean>;
  /** The message whose tokens are shown. */
  readonly tokensShown: Signal<number | undefined> = signal(undefined);
  /** The list of models is open. */
  readonly picking: Signal<boolean> = signal(false);
  /** The list of conversations; `search` has its search field in focus. */
  readonly drawer: Signal<'closed' | 'open' | 'search'> = signal('closed');
  readonly settingsOpen: Signal<boolean> = signal(false);
  /** The sheet of keyboard shortcuts is open. */
  readonly sheet: Signal<boolean> = signal(false);
  readonly names: ReadonlySignal<TabNames>;
  readonly alerts: ReadonlySignal<readonly PageAlert[]>;
  readonly #chosenView: Signal<View | undefined> = signal(undefined);
  readonly #ownAlerts = new AlertList();

  constructor(model: AppModel) {
    this.model = model;
    const chatAtOnce = model.expectsConversation || model.swarm.peek().state === 'ready';
    this.phase = computed(() => (chatAtOnce || model.messages.value.length > 0 ? 'chat' : 'setup'));
    this.view = computed(() => this.#chosenView.value ?? (this.phase.value === 'chat' ? 'chat' : 'swarm'));
    this.settled = computed(
      () =>
        model.swarm.value.state === 'offline' ||
        (model.model.value !== undefined && model.environment.value.webgpu !== 'checking' && model.placeKnown.value),
    );
    this.situation = computed(() => ({
      swarm: model.swarm.value,
      shards: model.shards.value,
      members: model.members.value,
      environment: model.environment.value,
      admission: model.admission.value,
    }));
    this.hindrance = computed(() => {
      // In a room it is another tab that answers.
      const room = model.rooms.followed.value;
      return room ? roomHindrance(room, model.busy.value) : hindrance(this.situation.value);
    });
    this.canAsk = computed(() => !model.busy.value && !(this.hindrance.value?.blocks ?? false));
    this.names = computed(() => new TabNames(model.swarm.value.peerId, model.members.value, model.heardNames.value));
    this.alerts = computed(() => [
      ...model.alerts.value.map((alert) => ({ ...alert, dismiss: () => model.dismissAlert(alert.id) })),
      ...this.#ownAlerts.alerts.value.map((alert) => ({ ...alert, dismiss: () => this.#ownAlerts.dismiss(alert.id) })),
    ]);
  }

  /** Whether the person has typed or chosen what a page that is opened anew would not have. */
  get hasDraft(): boolean {
    return this.prompt.value !== '' || document.querySelector('.transcript textarea, dialog[open]') !== null;
  }

  show(view: View): void {
    this.#chosenView.value = view;
  }

  /** Sends what is typed and attached. What is too long is the person's to shorten, unless more was typed meanwhile. */
  askDraft(): void {
    const [draft, attachments, prompt] = [this.draft.value, this.attachments.value, this.prompt.value];
    this.draft.value = '';
    this.attachments.value = [];
    this.#ask(prompt, () => {
      this.draft.value = draft;
      this.attachments.value = attachments;
    });
  }

  /** Sends a prompt that was not typed. */
  ask(prompt: string): void {
    this.#ask(prompt, () => (this.draft.value = prompt));
  }

  #ask(prompt: string, giveBack: () => void): void {
    this.show('chat');
    this.perform(async () => {
      let sent = false;
      try {
        sent = await this.model.send(prompt.trim());
      } finally {
        if (!sent && this.prompt.value === '') giveBack();
      }
    });
  }

  /** Takes a model's files: this swarm's are stored, another's are shown among the models. */
  openFiles(files: readonly File[]): void {
    this.perform(async () => {
      if (!(await this.model.openFiles(files))) this.picking.value = true;
    });
  }

  /** Takes a file's text to the next prompt. */
  attach(file: File): void {
    readAttachment(file).then(
      (attachment) => {
        const others = this.attachments.value.filter(({ name }) => name !== attachment.name);
        this.attachments.value = [...others, attachment];
        this.show('chat');
      },
      (error: unknown) => this.tell(ShoalError.from(error).message),
    );
  }

  /** Asks a question of the conversation otherwise. What is too long is said where prompts are typed. */
  askOtherwise(messageId: number, prompt: string): void {
    this.perform(async () => {
      if (!(await this.model.editQuestion(messageId, prompt.trim())) && this.draft.value === '')
        this.draft.value = prompt;
    });
  }

  /** Joins. The page shows at the click that it was heard, and not again when the tab is connected. */
  join(choice: Parameters<AppModel['join']>[0]): void {
    this.joining.value = true;
    this.perform(async () => {
      try {
        await this.model.join(choice);
      } finally {
        this.joining.value = false;
      }
    });
  }

  /** Shows the room of another tab. */
  lookInto(peerId: string): void {
    this.show('chat');
    this.perform(() => this.model.rooms.follow(peerId));
  }

  pick(shard: number, picked: boolean): void {
    const picks = new Set(this.picks.value);
    if (picked) picks.add(shard);
    else picks.delete(shard);
    this.picks.value = picks;
  }

  /** Starts what the person asked for; a failure becomes an alert. */
  perform(action: () => Promise<void>): void {
    action().catch((thrown: unknown) => {
      const error = ShoalError.from(thrown);
      if (error.code !== 'aborted') this.#ownAlerts.addError(error);
    });
  }

  /** Says what went wrong in the reader's language. */
  tell(text: string): void {
    this.#ownAlerts.add('error', text);
  }
}

const PageContext = createContext<PageState | undefined>(undefined);

export const PageProvider = PageContext.Provider;

/** The page around a component. */
export function usePage(): PageState {
  return useContext(PageContext)!;
}
