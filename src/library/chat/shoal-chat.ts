import { ShoalError } from '../../core/errors.ts';
import { createEngine } from '../create-engine.ts';
import { createSwarm } from '../create-swarm.ts';
import type { Engine } from '../engine.ts';
import type { Swarm } from '../swarm.ts';
import { type ChatLine, ChatView } from './chat-view.ts';

/** What `<shoal-chat>` is at. */
export type ChatState = 'idle' | 'connecting' | 'ready' | 'answering' | 'error';

/** What `<shoal-chat>` tells: events that bubble out of every shadow root. */
export interface ChatEventMap {
  'shoal-state': CustomEvent<ChatState>;
  /** A message of the person, or an answer that is whole. */
  'shoal-message': CustomEvent<ChatLine>;
  'shoal-error': CustomEvent<ShoalError>;
}

/**
 * A conversation with a model, as an element.
 *
 * Attributes: `invite` (a swarm's link) or `url` (a model file, for this tab alone); `join` (`auto`, `all` or numbers of
 * shards: serves too, as it only asks unless told); `system` (what the model is told first); `placeholder`.
 *
 * Looks: `--shoal-chat-background`, `-text`, `-muted`, `-accent`, `-accent-text`, `-problem`, `-radius`, `-font`; parts
 * `messages`, `message`, `user`, `assistant`, `status`, `form`, `prompt`, `button`.
 *
 * @example
 * ```html
 * <script type="module" src="./node_modules/shoal/dist/chat-element.js"></script>
 * <shoal-chat invite="https://shoal.example/#m=…" join="auto"></shoal-chat>
 * ```
 */
export class ShoalChat extends HTMLElement {
  static readonly observedAttributes = ['invite', 'url', 'placeholder'];
  readonly #view: ChatView;
  readonly #lines: ChatLine[] = [];
  #engine: Engine | undefined;
  #swarm: Swarm | undefined;
  /** Of `invite` or `url`, on its way: what is asked meanwhile waits for it. */
  #coming: PromiseWithResolvers<Engine> | undefined;
  #asking = false;
  #stopped = false;
  /** Ends what the element has begun with its address. */
  #source: AbortController | undefined;
  #state: ChatState = 'idle';

  constructor() {
    super();
    this.#view = new ChatView(this.attachShadow({ mode: 'open', delegatesFocus: true }), {
      send: (text) => void this.send(text),
      stop: () => this.stop(),
    });
  }

  /** The engine that answers; one that is set comes in the place of `invite` and `url`, and stays the program's. */
  get engine(): Engine | undefined {
    return this.#engine;
  }

  set engine(engine: Engine | undefined) {
    this.#disconnect();
    this.#use(engine);
  }

  /** The swarm of `invite`, once it is connected. */
  get swarm(): Swarm | undefined {
    return this.#swarm;
  }

  get state(): ChatState {
    return this.#state;
  }

  /** What was said so far. */
  get messages(): readonly ChatLine[] {
    return this.#lines;
  }

  connectedCallback(): void {
    if (!this.#engine && !this.#source) this.#connect();
  }

  disconnectedCallback(): void {
    // Moved within the page it is connected again at once, and goes on.
    queueMicrotask(() => {
      if (!this.isConnected && this.#source) {
        this.#disconnect();
        this.#use(undefined);
      }
    });
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (name === 'placeholder') this.#view.placeholder = now ?? '';
    else if (before !== now && this.isConnected) this.#connect();
  }

  /** Asks as if it were typed. Resolves when the answer is whole, was stopped or went wrong. */
  async send(content: string): Promise<void> {
    const coming = this.#engine ?? this.#coming?.promise;
    if (!coming || this.#asking) return;
    this.#asking = true;
    this.#say({ role: 'user', content });
    try {
      // What became of one that did not come is told already.
      const engine = await Promise.resolve(coming).catch(() => undefined);
      if (engine) await this.#answer(engine);
    } finally {
      this.#asking = false;
    }
  }

  async #answer(engine: Engine): Promise<void> {
    this.#enter('answering', 'Thinking…');
    const grow = this.#view.add({ role: 'assistant', content: '' });
    let answer = '';
    this.#stopped = false;
    try {
      const system = this.getAttribute('system');
      const messages = [...(system ? [{ role: 'system' as const, content: system }] : []), ...this.#lines];
      for await (const { choices } of await engine.chat.completions.create({ messages, stream: true })) {
        answer += choices[0]?.delta.content ?? '';
        if (answer) this.#view.tell('');
        grow(answer);
        // What an engine has made by then is not shown any more.
        if (this.#stopped) break;
      }
      this.#keep(answer);
      this.#enter('ready', '');
    } catch (thrown) {
      // What came of the answer is part of what the model reads next.
      if (answer) this.#keep(answer);
      this.#fail(thrown, this.#engine ? 'ready' : 'error');
    }
  }

  /** Ends the answer that is being made; what came of it stays. */
  stop(): void {
    this.#stopped = true;
    this.#engine?.interruptGenerate();
  }

  /** Forgets the conversation. */
  clear(): void {
    this.stop();
    this.#lines.length = 0;
    this.#view.clear();
  }

  async #connect(): Promise<void> {
    this.#disconnect();
    this.#use(undefined);
    const [invite, url] = [this.getAttribute('invite'), this.getAttribute('url')];
    if (invite === null && url === null) return;
    const source = new AbortController();
    const { signal } = source;
    this.#source = source;
    this.#coming = Promise.withResolvers<Engine>();
    this.#coming.promise.catch(() => undefined);
    this.#view.usable = true;
    this.#enter('connecting', 'Connecting…');
    try {
      if (invite !== null) await this.#meet(invite, signal);
      else await this.#load(url!, signal);
    } catch (thrown) {
      this.#coming?.reject(thrown);
      this.#coming = undefined;
      if (!signal.aborted) this.#fail(thrown, this.#engine ? 'ready' : 'error');
    }
  }

  async #meet(invite: string, signal: AbortSignal): Promise<void> {
    const swarm = await createSwarm({ invite, signal });
    if (signal.aborted) return swarm.close();
    this.#swarm = swarm;
    signal.addEventListener('abort', () => void swarm.close());
    this.#use(swarm.engine);
    const choice = joinChoice(this.getAttribute('join'));
    const joining = choice === undefined ? undefined : swarm.join(choice);
    const tell = () => {
      if (this.#state !== 'answering' && this.#state !== 'error') this.#view.tell(swarmText(swarm));
    };
    swarm.on('change', tell);
    tell();
    await joining;
  }

  async #load(url: string, signal: AbortSignal): Promise<void> {
    const engine = await createEngine({ url, signal, onProgress: ({ text }) => this.#view.tell(`${text}…`) });
    if (signal.aborted) return engine.unload();
    signal.addEventListener('abort', () => void engine.unload());
    this.#use(engine);
  }

  #disconnect(): void {
    this.#source?.abort();
    this.#source = undefined;
    this.#swarm = undefined;
  }

  #use(engine: Engine | undefined): void {
    this.#engine = engine;
    if (engine) this.#coming?.resolve(engine);
    this.#coming = undefined;
    this.#view.usable = engine !== undefined;
    this.#enter(engine ? 'ready' : 'idle', '');
  }

  #say(line: ChatLine): void {
    this.#view.add(line);
    this.#lines.push(line);
    this.#emit('shoal-message', line);
  }

  /** Keeps an answer that the view has already. */
  #keep(content: string): void {
    const line: ChatLine = { role: 'assistant', content };
    this.#lines.push(line);
    this.#emit('shoal-message', line);
  }

  #fail(thrown: unknown, state: ChatState): void {
    const error = ShoalError.from(thrown);
    this.#enter(state, '');
    this.#view.tell(error.message, true);
    this.#emit('shoal-error', error);
  }

  #enter(state: ChatState, status: string): void {
    this.#view.answering = state === 'answering';
    this.#view.tell(status);
    if (state === this.#state) return;
    this.#state = state;
    this.#emit('shoal-state', state);
  }

  #emit<Name extends keyof ChatEventMap>(name: Name, detail: ChatEventMap[Name]['detail']): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

/** @returns undefined for a guest */
function joinChoice(attribute: string | null): readonly number[] | 'auto' | 'all' | undefined {
  if (attribute === null || attribute === 'none') return undefined;
  if (attribute === 'all') return 'all';
  const numbers = attribute.match(/\d+/g);
  return numbers ? numbers.map(Number) : 'auto';
}

function swarmText({ summary, shards }: Swarm): string {
  const { state, missing } = summary;
  if (state === 'ready') return '';
  if (state === 'waiting')
    return `Waiting for other tabs: ${missing.length} of ${shards.length} shards are served by nobody. A message is answered then.`;
  return state === 'offline' ? 'The server is away. Trying again…' : 'Connecting…';
}
