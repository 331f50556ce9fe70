import type { AnswerGrammar, CallParameter } from '../../grammar/answer-grammar.ts';
import type { ToolFormat } from '../../tokenizer/index.ts';
import { callParameters } from './call-parameters.ts';
import { CALL_ID_LENGTH } from './called-function.ts';
import type { ToolFunction, ToolPlan } from './tool-request.ts';

/** How a call is written: `begin`, an id where there is one, the arguments, `end`. */
export interface CallSyntax {
  /** The function's. */
  readonly name: string;
  /** With which `begin` begins, and no text but a call. */
  readonly trigger: string;
  readonly begin: string;
  /** What ends the id that the model gives the call. */
  readonly idEnd?: string;
  /** The arguments one by one; a JSON object where absent. */
  readonly parameters?: readonly CallParameter[];
  readonly end: string;
}

interface FormatSyntax {
  /** Whether an answer may have several calls. */
  readonly several: boolean;
  /** The ways to write a call of the function, the usual one first. */
  readonly calls: (called: ToolFunction) => readonly CallSyntax[];
}

const TAG = '<tool_call>';
const LIST = '[TOOL_CALLS]';

const TAGS: FormatSyntax = {
  several: true,
  // Small models forget the tags.
  calls: ({ name }) => [tagCall(name), bareCall(name, 'arguments')],
};

const SYNTAXES: Readonly<Record<ToolFormat, FormatSyntax>> = {
  tags: TAGS,
  // Told by a text of Shoal's own.
  none: TAGS,
  parameters: {
    several: true,
    calls: ({ name, schema }) => [
      {
        ...{ name, trigger: TAG, begin: `${TAG}\n<function=${name}>\n`, end: '</function>\n</tool_call>' },
        parameters: callParameters(schema),
      },
    ],
  },
  json: { several: false, calls: ({ name }) => [bareCall(name, 'parameters')] },
  list: {
    several: false,
    calls: ({ name }) => {
      const bare = bareCall(name, 'arguments');
      return [{ name, trigger: LIST, begin: `${LIST}[${bare.begin}`, end: `${bare.end}]` }];
    },
  },
  channels: {
    several: false,
    // The receiver stands behind the channel or, as in the template, before it.
    calls: ({ name }) => {
      const to = ` to=functions.${name}`;
      const behind = (channel: string): CallSyntax => {
        const trigger = `<|channel|>${channel} to=functions.`;
        return { name, trigger, begin: `<|channel|>${channel}${to} <|constrain|>json<|message|>`, end: '' };
      };
      const trigger = `${to}<|channel|>`;
      return [
        behind('commentary'),
        behind('analysis'),
        { name, trigger, begin: `${trigger}commentary json<|message|>`, end: '' },
      ];
    },
  },
  named: {
    several: true,
    calls: ({ name }) => [{ name, trigger: LIST, begin: `${LIST}${name}[ARGS]`, end: '' }],
  },
  identified: {
    several: true,
    calls: ({ name }) => [{ name, trigger: LIST, begin: `${LIST}${name}[CALL_ID]`, idEnd: '[ARGS]', end: '' }],
  },
};

function tagCall(name: string): CallSyntax {
  const bare = bareCall(name, 'arguments');
  return { name, trigger: TAG, begin: `${TAG}\n${bare.begin}`, end: `${bare.end}\n</tool_call>` };
}

function bareCall(name: string, key: string): CallSyntax {
  const trigger = `{"name": "${name}"`;
  return { name, trigger, begin: `${trigger}, "${key}": `, end: '}' };
}

/** All ways to write the functions' calls. */
export function callSyntaxes({ functions }: ToolPlan, format: ToolFormat): CallSyntax[] {
  return functions.flatMap((called) => SYNTAXES[format].calls(called));
}

/** Text in which every call is one of these, with arguments of its schema. */
export function toolGrammar({ functions, required, parallel }: ToolPlan, format: ToolFormat): AnswerGrammar {
  const { several, calls } = SYNTAXES[format];
  const bound = functions.flatMap((called) =>
    calls(called).map(({ trigger, begin, idEnd, parameters, end }) => {
      const { schema } = called;
      const args = parameters ? { kind: 'parameters' as const, parameters } : { kind: 'json' as const, schema };
      const id = idEnd === undefined ? {} : { id: { length: CALL_ID_LENGTH, end: idEnd } };
      return { trigger, begin, ...id, arguments: args, end };
    }),
  );
  return { kind: 'calls', calls: bound, required, once: required || !parallel || !several };
}

/** Calls as the model would have written them, for a template that does not know how. */
export function writtenCall(name: string, args: string): string {
  const { begin, end } = tagCall(name);
  return begin + args + end;
}
