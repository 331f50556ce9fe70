import type { TypedEvent } from '../http/exchange.ts';
import type { ChatPart } from './chat-parts.ts';

/** A block of an Anthropic message. */
export type Block =
  | { readonly type: 'text'; text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; input: unknown };

/** Makes the blocks of a message, and the events that tell of them, from the parts of an answer. */
export class MessageBlocks {
  /** The last is open until the end. */
  readonly blocks: Block[] = [];
  /** The arguments of the call that is open, as JSON. */
  #json = '';

  *add(part: ChatPart): Generator<TypedEvent> {
    if (part.kind === 'text') {
      if (this.#last?.type !== 'text') yield* this.#open({ type: 'text', text: '' });
      (this.#last as Block & { type: 'text' }).text += part.text;
      yield this.#delta({ type: 'text_delta', text: part.text });
    } else if (part.kind === 'thought') {
      // Nobody asked for it, but it takes a while.
      yield { type: 'ping' };
    } else if (part.kind === 'call') {
      yield* this.#open({ type: 'tool_use', id: part.id, name: part.name, input: {} });
    } else {
      this.#json += part.text;
      yield this.#delta({ type: 'input_json_delta', partial_json: part.text });
    }
  }

  /** Ends the last block; a message without any has an empty text. */
  *end(): Generator<TypedEvent> {
    if (this.blocks.length === 0) yield* this.#open({ type: 'text', text: '' });
    yield* this.#close();
  }

  get #last(): Block | undefined {
    return this.blocks.at(-1);
  }

  *#open(block: Block): Generator<TypedEvent> {
    yield* this.#close();
    this.blocks.push(block);
    this.#json = '';
    yield { type: 'content_block_start', index: this.blocks.length - 1, content_block: { ...block } };
  }

  *#close(): Generator<TypedEvent> {
    const block = this.#last;
    if (!block) return;
    if (block.type === 'tool_use') block.input = parsed(this.#json);
    yield { type: 'content_block_stop', index: this.blocks.length - 1 };
  }

  #delta(delta: object): TypedEvent {
    return { type: 'content_block_delta', index: this.blocks.length - 1, delta };
  }
}

/** The arguments of a call; nothing of those that the answer's end has cut off. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}
