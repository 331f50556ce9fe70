import { openEnd } from '../../core/open-end.ts';
import type { CallParameter } from '../../grammar/answer-grammar.ts';
import type { CallSyntax } from './call-syntax.ts';

/** What an answer's text turns out to be. */
export type ScannedPart =
  | { readonly kind: 'text'; readonly text: string }
  /** A call begins: the `index`-th of the answer. Some models give it an id. */
  | { readonly kind: 'call'; readonly index: number; readonly name: string; readonly id?: string }
  /** More of its arguments, as JSON. */
  | { readonly kind: 'arguments'; readonly index: number; readonly text: string };

interface OpenCall {
  readonly end: string;
  /** Of arguments that come one by one. */
  readonly parameters: readonly CallParameter[] | undefined;
  /** Those that have come. */
  told: number;
  /** Objects and lists of its arguments that are open. */
  depth: number;
  inText: boolean;
  escaped: boolean;
  over: boolean;
}

/** Takes calls out of an answer's text as it comes. The answer's grammar has them written exactly as the syntaxes say. */
export class CallScanner {
  readonly #syntaxes: readonly Omit<CallSyntax, 'trigger'>[];
  /** Not told yet: what may be the beginning of a call, or of nothing but spaces before one. */
  #held = '';
  #calls = 0;
  /** The call that is being read. */
  #call: OpenCall | undefined;

  constructor(syntaxes: readonly Omit<CallSyntax, 'trigger'>[]) {
    this.#syntaxes = syntaxes;
  }

  /** Calls so far. */
  get calls(): number {
    return this.#calls;
  }

  push(text: string): ScannedPart[] {
    this.#held += text;
    const parts: ScannedPart[] = [];
    while (this.#call ? this.#readCall(this.#call, parts) : this.#readText(parts));
    return parts;
  }

  /** The answer is over: what was held is text. */
  flush(): ScannedPart[] {
    const text = this.#calls > 0 ? this.#held.trimEnd() : this.#held;
    this.#held = '';
    return text === '' || this.#call ? [] : [{ kind: 'text', text }];
  }

  /** @returns whether a call has begun */
  #readText(parts: ScannedPart[]): boolean {
    const found = this.#syntaxes
      .map((syntax) => ({ ...syntax, at: this.#held.indexOf(syntax.begin) }))
      .filter(({ at }) => at >= 0)
      .toSorted((one, other) => one.at - other.at)[0];
    if (!found) {
      const sure = this.#held.length - this.#uncertain();
      if (sure > 0) parts.push({ kind: 'text', text: this.#held.slice(0, sure) });
      this.#held = this.#held.slice(sure);
      return false;
    }
    const before = this.#held.slice(0, found.at).trimEnd();
    if (before !== '') parts.push({ kind: 'text', text: before });
    this.#held = this.#held.slice(found.at);
    const { name, begin, idEnd, end, parameters } = found;
    const idAt = idEnd === undefined ? begin.length : this.#held.indexOf(idEnd, begin.length);
    if (idAt < 0) return false;
    const id = this.#take(idAt).slice(begin.length);
    this.#take(idEnd?.length ?? 0);
    parts.push({ kind: 'call', index: this.#calls++, name, ...(id === '' ? {} : { id }) });
    this.#call = { end, parameters, told: 0, depth: 0, inText: false, escaped: false, over: false };
    return true;
  }

  /** Characters at the end that may belong to a call: its beginning, and spaces before it. */
  #uncertain(): number {
    const begins = this.#syntaxes.map(({ begin }) => begin);
    const before = this.#held.slice(0, this.#held.length - openEnd(this.#held, begins));
    return this.#held.length - before.trimEnd().length;
  }

  /** @returns whether the call is over */
  #readCall(call: OpenCall, parts: ScannedPart[]): boolean {
    const text = call.parameters ? this.#readParameters(call, call.parameters) : this.#readObject(call);
    if (text !== '') parts.push({ kind: 'arguments', index: this.#calls - 1, text });
    if (!call.over || this.#held.length < call.end.length) return false;
    this.#held = this.#held.slice(call.end.length);
    this.#call = undefined;
    return true;
  }

  /** Takes what has come of a JSON object. */
  #readObject(call: OpenCall): string {
    let length = 0;
    while (length < this.#held.length && !call.over) step(call, this.#held[length++]!);
    return this.#take(length);
  }

  /** Takes the parameters that are whole. @returns them as more of a JSON object */
  #readParameters(call: OpenCall, parameters: readonly CallParameter[]): string {
    let object = '';
    while (!call.over) {
      const next = parameters.find(({ begin }) => this.#held.startsWith(begin));
      if (next) {
        const end = this.#held.indexOf(next.end, next.begin.length);
        if (end < 0) return object;
        const value = this.#take(end + next.end.length).slice(next.begin.length, end);
        object += `${call.told++ === 0 ? '{' : ', '}${JSON.stringify(next.name)}: ${jsonOf(value, next)}`;
      } else if (this.#held.startsWith(call.end)) {
        call.over = true;
        object += call.told === 0 ? '{}' : '}';
      } else return object;
    }
    return object;
  }

  #take(length: number): string {
    const taken = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return taken;
  }
}

function jsonOf(value: string, { value: { kind } }: CallParameter): string {
  if (kind === 'json') return value;
  return kind === 'inside' ? `"${value}"` : JSON.stringify(value);
}

/** One character further in a JSON value. */
function step(value: OpenCall, character: string): void {
  if (value.inText) {
    if (value.escaped) value.escaped = false;
    else if (character === '\\') value.escaped = true;
    else if (character === '"') value.inText = false;
  } else if (character === '"') value.inText = true;
  else if (character === '{' || character === '[') value.depth++;
  else if (character === '}' || character === ']') value.over = --value.depth === 0;
}
