import type { ChatCompletionRequest } from '@mlc-ai/web-llm';
import * as v from 'valibot';
import { ShoalError } from '../../core/errors.ts';
import { checkedFields } from '../checked-fields.ts';
import { heldSchema } from './held-schema.ts';

/** OpenAI's bound. */
const MAX_TOOLS = 128;
/** An agent sends dozens of tools, of which an answer calls one: longer bounds of texts would take it a minute to begin. */
const MAX_COUNTED = 32;

const functionName = v.pipe(v.string(), v.regex(/^[a-zA-Z0-9_-]{1,64}$/, 'Expected 1 to 64 letters, digits, _ or -'));
const toolsSchema = v.object({
  tools: v.nullish(
    v.pipe(
      v.array(
        v.object({
          type: v.literal('function'),
          function: v.object({
            name: functionName,
            description: v.nullish(v.string()),
            parameters: v.nullish(v.record(v.string(), v.unknown())),
            strict: v.nullish(v.boolean()),
          }),
        }),
      ),
      v.maxLength(MAX_TOOLS),
    ),
    [],
  ),
  tool_choice: v.nullish(
    v.union(
      [
        v.picklist(['none', 'auto', 'required']),
        v.object({ type: v.literal('function'), function: v.object({ name: functionName }) }),
      ],
      'Expected "none", "auto", "required" or a function',
    ),
  ),
  parallel_tool_calls: v.nullish(v.boolean(), true),
});

/** A function that the model may call. */
export interface ToolFunction {
  readonly name: string;
  /** JSON schema of its arguments, an object, as answers are held to it. */
  readonly schema: string;
}

/** The functions that an answer may call. */
export interface ToolPlan {
  readonly functions: readonly ToolFunction[];
  /** Whether the answer has to be a call. */
  readonly required: boolean;
  /** Whether it may call several. */
  readonly parallel: boolean;
}

/**
 * What a request says of tools; undefined where the model is to call none.
 * @throws ShoalError `bad-request`
 */
export function planTools(request: ChatCompletionRequest): ToolPlan | undefined {
  const { tools, tool_choice: choice, parallel_tool_calls } = checkedFields(toolsSchema, request);
  const named = typeof choice === 'object' && choice !== null ? choice.function.name : undefined;
  if (tools.length === 0) {
    if (named === undefined && choice !== 'required') return undefined;
    throw wrong('tool_choice', 'there are no "tools" to choose from');
  }
  if (choice === 'none') return undefined;
  const functions = tools.map(({ function: described }, index) => checked(described, `tools[${index}].function`));
  const chosen = functions.filter(({ name }) => named === undefined || name === named);
  if (chosen.length === 0) throw wrong('tool_choice', `no function of "tools" is called "${named}"`);
  const required = choice === 'required' || named !== undefined;
  return { functions: chosen, required, parallel: parallel_tool_calls !== false && named === undefined };
}

type Described = NonNullable<v.InferOutput<typeof toolsSchema>['tools']>[number]['function'];

function checked({ name, parameters, strict }: Described, field: string): ToolFunction {
  const schema = { type: 'object', ...(parameters ?? { properties: {} }) };
  if (schema.type !== 'object') throw wrong(`${field}.parameters`, 'the arguments of a function are an object');
  return { name, schema: heldSchema(schema, strict, `${field}.parameters`, MAX_COUNTED) };
}

function wrong(field: string, why: string): ShoalError {
  return new ShoalError('bad-request', `The request's "${field}" is wrong: ${why}.`);
}
