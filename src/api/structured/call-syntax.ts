import type { AnswerGrammar } from '../../grammar/answer-grammar.ts';
import type { ToolFormat } from '../../tokenizer/index.ts';
import type { ToolPlan } from './tool-request.ts';

/** How a call is written: `begin`, the arguments as a JSON object, `end`. */
export interface CallSyntax {
  /** The function's. */
  readonly name: string;
  /** With which `begin` begins, and no text but a call. */
  readonly trigger: string;
  readonly begin: string;
  readonly end: string;
}

interface FormatSyntax {
  /** Whether an answer may have several calls. */
  readonly several: boolean;
  /** The ways to write a call of the function, the usual one first. */
  readonly calls: (name: string) => readonly [CallSyntax, ...CallSyntax[]];
}

const TAGS: FormatSyntax = {
  several: true,
  calls: (name) => {
    const bare = bareCall(name, 'arguments');
    const trigger = '<tool_call>';
    // Small models forget the tags.
    return [{ name, trigger, begin: `${trigger}\n${bare.begin}`, end: `${bare.end}\n</tool_call>` }, bare];
  },
};

const SYNTAXES: Readonly<Record<ToolFormat, FormatSyntax>> = {
  tags: TAGS,
  // Told by a text of Shoal's own.
  none: TAGS,
  json: { several: false, calls: (name) => [bareCall(name, 'parameters')] },
  list: {
    several: false,
    calls: (name) => {
      const bare = bareCall(name, 'arguments');
      const trigger = '[TOOL_CALLS]';
      return [{ name, trigger, begin: `${trigger}[${bare.begin}`, end: `${bare.end}]` }];
    },
  },
};

function bareCall(name: string, key: string): CallSyntax {
  const trigger = `{"name": "${name}"`;
  return { name, trigger, begin: `${trigger}, "${key}": `, end: '}' };
}

/** All ways to write the functions' calls. */
export function callSyntaxes({ functions }: ToolPlan, format: ToolFormat): CallSyntax[] {
  return functions.flatMap(({ name }) => SYNTAXES[format].calls(name));
}

/** Text in which every call is one of these, with arguments of its schema. */
export function toolGrammar({ functions, required, parallel }: ToolPlan, format: ToolFormat): AnswerGrammar {
  const { several, calls } = SYNTAXES[format];
  const bound = functions.flatMap(({ name, schema }) =>
    calls(name).map(({ trigger, begin, end }) => ({ trigger, begin, schema, end })),
  );
  return { kind: 'calls', calls: bound, required, once: required || !parallel || !several };
}

/** Calls as the model would have written them, for a template that does not know how. */
export function writtenCall(name: string, args: string): string {
  const [{ begin, end }] = TAGS.calls(name);
  return begin + args + end;
}
