import { CHAT_STYLES } from './chat-styles.ts';

/** What a person does. */
export interface ChatActions {
  send(text: string): void;
  stop(): void;
}

/** Who has said what. */
export interface ChatLine {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/** The inside of the element. It shows what it is told, and knows no engine. */
export class ChatView {
  readonly #messages: HTMLDivElement;
  readonly #status: HTMLParagraphElement;
  readonly #prompt: HTMLTextAreaElement;
  readonly #button: HTMLButtonElement;
  readonly #actions: ChatActions;
  #answering = false;
  #usable = false;

  constructor(root: ShadowRoot, actions: ChatActions) {
    this.#actions = actions;
    const styles = new CSSStyleSheet();
    styles.replaceSync(CHAT_STYLES);
    root.adoptedStyleSheets = [styles];
    // What is added is read out; an answer when it is whole, as the list is busy until then.
    this.#messages = element('div', {
      part: 'messages',
      tabindex: '0',
      role: 'log',
      'aria-label': 'Conversation',
    });
    this.#status = element('p', { part: 'status', role: 'status' });
    this.#prompt = element('textarea', { part: 'prompt', rows: '1', 'aria-label': 'Your message' });
    this.#button = element('button', { part: 'button', type: 'submit' });
    const form = element('form', { part: 'form' });
    form.append(this.#prompt, this.#button);
    root.append(this.#messages, this.#status, form);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#prompt.addEventListener('keydown', (event) => this.#onKey(event));
    this.#prompt.addEventListener('input', () => this.#refresh());
    this.#refresh();
  }

  /** Shown in the empty field. */
  set placeholder(text: string) {
    this.#prompt.placeholder = text;
  }

  /** Whether there is an engine to ask, or one is on its way. */
  set usable(usable: boolean) {
    this.#usable = usable;
    this.#refresh();
  }

  set answering(answering: boolean) {
    this.#answering = answering;
    this.#messages.ariaBusy = String(answering);
    this.#refresh();
  }

  focus(): void {
    this.#prompt.focus();
  }

  /** @param problem - whether it says what went wrong */
  tell(text: string, problem = false): void {
    this.#status.toggleAttribute('data-problem', problem);
    // The same words again are no news.
    if (this.#status.textContent !== text) this.#status.textContent = text;
  }

  /** Adds a message. @returns what replaces its text as it grows */
  add({ role, content }: ChatLine): (content: string) => void {
    const message = element('p', { part: `message ${role}`, 'data-role': role });
    const who = element('span', { class: 'unseen' });
    who.textContent = role === 'user' ? 'You: ' : 'Answer: ';
    const text = document.createTextNode(content);
    message.append(who, text);
    const atEnd = this.#atEnd;
    this.#messages.append(message);
    if (atEnd || role === 'user') this.#toEnd();
    return (grown) => {
      const follow = this.#atEnd;
      text.data = grown;
      if (follow) this.#toEnd();
    };
  }

  clear(): void {
    this.#messages.replaceChildren();
  }

  #submit(): void {
    if (this.#answering) {
      this.#actions.stop();
      return;
    }
    const text = this.#prompt.value.trim();
    if (!text || !this.#usable) return;
    this.#prompt.value = '';
    this.#actions.send(text);
    this.#refresh();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === 'Escape' && this.#answering) this.#actions.stop();
    // A word that is being composed, e.g. in Japanese, ends with Enter too.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!this.#answering) this.#submit();
  }

  #refresh(): void {
    this.#button.textContent = this.#answering ? 'Stop' : 'Send';
    this.#button.disabled = !this.#answering && (!this.#usable || this.#prompt.value.trim() === '');
  }

  /** Whether the end is in sight: who reads further up is left there. */
  get #atEnd(): boolean {
    const { scrollTop, scrollHeight, clientHeight } = this.#messages;
    return scrollHeight - scrollTop - clientHeight < 40;
  }

  #toEnd(): void {
    this.#messages.scrollTop = this.#messages.scrollHeight;
  }
}

function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>>,
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made;
}
