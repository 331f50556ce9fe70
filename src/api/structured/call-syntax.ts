import type { AnswerGrammar } from '../../grammar/answer-grammar.ts';
import { fitSchema } from '../../grammar/json-schema.ts';
import type { ToolFormat } from '../../tokenizer/index.ts';
import type { ToolFunction, ToolPlan } from './tool-request.ts';

/** How a call is written: `begin`, the arguments as a JSON object, `end`. */
export interface CallSyntax {
  readonly begin: string;
  readonly end: string;
}

interface FormatSyntax {
  /** With which every call begins: what follows is bound to be one. */
  readonly trigger: string;
  /** Whether an answer may have several calls. */
  readonly several: boolean;
  readonly call: (name: string) => CallSyntax;
}

const TAGS: FormatSyntax = {
  trigger: '<tool_call>',
  several: true,
  call: (name) => ({ begin: `<tool_call>\n{"name": "${name}", "arguments": `, end: '}\n</tool_call>' }),
};

const SYNTAXES: Readonly<Record<ToolFormat, FormatSyntax>> = {
  tags: TAGS,
  // Told by a text of Shoal's own.
  none: TAGS,
  json: {
    trigger: '{"name": ',
    several: false,
    call: (name) => ({ begin: `{"name": "${name}", "parameters": `, end: '}' }),
  },
  list: {
    trigger: '[TOOL_CALLS]',
    several: false,
    call: (name) => ({ begin: `[TOOL_CALLS][{"name": "${name}", "arguments": `, end: '}]' }),
  },
};

/** The functions' names by what their calls begin and end with. */
export function callSyntaxes({ functions }: ToolPlan, format: ToolFormat): (CallSyntax & { readonly name: string })[] {
  return functions.map(({ name }) => ({ name, ...SYNTAXES[format].call(name) }));
}

/** Text in which every call is one of these, with arguments of its schema. */
export function toolGrammar({ functions, required, parallel }: ToolPlan, format: ToolFormat): AnswerGrammar {
  const { trigger, several, call } = SYNTAXES[format];
  const bound = ({ name, parameters }: ToolFunction) => ({
    ...call(name),
    schema: JSON.stringify(fitSchema(parameters).schema),
  });
  return { kind: 'calls', trigger, calls: functions.map(bound), required, once: required || !parallel || !several };
}

/** Calls as the model would have written them, for a template that does not know how. */
export function writtenCall(name: string, args: string): string {
  const { begin, end } = TAGS.call(name);
  return begin + args + end;
}
