import { randomUUID } from 'node:crypto';
import type { TypedEvent } from '../http/exchange.ts';
import type { ChatPart, TokenLogprob } from './chat-parts.ts';
import type { CalledFunction } from './response-tools.ts';

type Status = 'in_progress' | 'completed' | 'incomplete';

interface MessageItem {
  readonly type: 'message';
  readonly id: string;
  text: string;
  readonly logprobs: TokenLogprob[];
}
interface CallItem extends CalledFunction {
  readonly type: 'function_call';
  readonly id: string;
  readonly call_id: string;
  arguments: string;
}

interface ReasoningItem {
  readonly type: 'reasoning';
  readonly id: string;
  text: string;
}
type Item = MessageItem | CallItem | ReasoningItem;

/** Makes the output items of a response, and the events that tell of them, from the parts of an answer. */
export class ResponseItems {
  /** Those that are done. */
  readonly output: object[] = [];
  readonly #calledBy: (name: string) => CalledFunction;
  #open: Item | undefined;

  /** @param calledBy - the function that the engine calls by a name */
  constructor(calledBy: (name: string) => CalledFunction) {
    this.#calledBy = calledBy;
  }

  *add(part: ChatPart): Generator<TypedEvent> {
    if (part.kind === 'text') {
      if (this.#open?.type !== 'message') yield* this.#begin(emptyMessage());
      const item = this.#open as MessageItem;
      const { text, logprobs } = part;
      item.text += text;
      item.logprobs.push(...logprobs);
      yield this.#event('output_text.delta', { content_index: 0, delta: text, logprobs });
    } else if (part.kind === 'thought') {
      if (this.#open?.type !== 'reasoning')
        yield* this.#begin({ type: 'reasoning', id: `rs_${randomUUID()}`, text: '' });
      (this.#open as ReasoningItem).text += part.text;
      yield this.#event('reasoning_text.delta', { content_index: 0, delta: part.text });
    } else if (part.kind === 'call') {
      const called = { call_id: part.id, ...this.#calledBy(part.name), arguments: '' };
      yield* this.#begin({ type: 'function_call', id: `fc_${randomUUID()}`, ...called });
    } else {
      (this.#open as CallItem).arguments += part.text;
      yield this.#event('function_call_arguments.delta', { delta: part.text });
    }
  }

  /** Ends the last item; a response without any has an empty message. */
  *end(status: Status): Generator<TypedEvent> {
    if (!this.#open && this.output.length === 0) yield* this.#begin(emptyMessage());
    yield* this.#close(status);
  }

  *#begin(item: Item): Generator<TypedEvent> {
    yield* this.#close('completed');
    this.#open = item;
    const { output_index } = this.#place();
    yield { type: 'response.output_item.added', output_index, item: shown(item, 'in_progress') };
    if (item.type !== 'function_call')
      yield this.#event('content_part.added', { content_index: 0, part: partOf(item) });
  }

  *#close(status: Status): Generator<TypedEvent> {
    const item = this.#open;
    if (!item) return;
    if (item.type === 'message') {
      const { text, logprobs } = item;
      yield this.#event('output_text.done', { content_index: 0, text, logprobs });
      yield this.#event('content_part.done', { content_index: 0, part: partOf(item) });
    } else if (item.type === 'reasoning') {
      yield this.#event('reasoning_text.done', { content_index: 0, text: item.text });
      yield this.#event('content_part.done', { content_index: 0, part: partOf(item) });
    } else yield this.#event('function_call_arguments.done', { name: item.name, arguments: item.arguments });
    const { output_index } = this.#place();
    const done = shown(item, status);
    yield { type: 'response.output_item.done', output_index, item: done };
    this.output.push(done);
    this.#open = undefined;
  }

  #place() {
    return { output_index: this.output.length, item_id: this.#open!.id };
  }

  #event(name: string, fields: object): TypedEvent {
    return { type: `response.${name}`, ...this.#place(), ...fields };
  }
}

function shown(item: Item, status: Status): object {
  if (item.type === 'function_call') return { ...item, status };
  const { type, id } = item;
  const content = status === 'in_progress' ? [] : [partOf(item)];
  return { type, id, status, ...(type === 'message' ? { role: 'assistant' } : { summary: [] }), content };
}

function emptyMessage(): MessageItem {
  return { type: 'message', id: `msg_${randomUUID()}`, text: '', logprobs: [] };
}

function partOf(item: MessageItem | ReasoningItem) {
  const { text } = item;
  if (item.type === 'reasoning') return { type: 'reasoning_text', text };
  return { type: 'output_text', text, annotations: [], logprobs: [...item.logprobs] };
}
