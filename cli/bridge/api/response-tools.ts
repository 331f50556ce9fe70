import * as v from 'valibot';

const functionTool = v.object({
  type: v.literal('function', ({ received }) => `tools of type ${received} are not supported`),
  name: v.string(),
  description: v.optional(v.nullable(v.string())),
  parameters: v.optional(v.nullable(v.record(v.string(), v.unknown()))),
  strict: v.optional(v.nullable(v.boolean())),
});
/** Functions that belong together; a call names both. */
const namespaceTool = v.object({
  type: v.literal('namespace'),
  name: v.string(),
  description: v.optional(v.nullable(v.string())),
  tools: v.array(functionTool),
});

type FunctionTool = v.InferOutput<typeof functionTool>;
/** A tool of a request. */
export type ResponseTool = FunctionTool | v.InferOutput<typeof namespaceTool>;

/** A tool of `POST /v1/responses`; told apart before it is checked, so that a fault names its field. */
export const toolSchema = v.lazy((value): v.GenericSchema<unknown, ResponseTool> => {
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  return type === 'namespace' ? namespaceTool : functionTool;
});

/** A function as a call names it. */
export interface CalledFunction {
  readonly name: string;
  readonly namespace?: string | null | undefined;
}

/** The name by which the engine knows a function: it has no namespaces. */
export function engineName({ name, namespace }: CalledFunction): string {
  return typeof namespace === 'string' ? `${namespace}__${name}` : name;
}

/** The functions as the engine takes them. */
export function functionsOf(tools: readonly ResponseTool[]): object[] {
  return placed(tools).map(([called, { type, name: _, ...described }]) => ({
    type,
    function: { name: engineName(called), ...described },
  }));
}

/** Finds the function that the engine calls by this name. */
export function calledBy(tools: readonly ResponseTool[]): (name: string) => CalledFunction {
  const known = new Map(placed(tools).map(([called]) => [engineName(called), called]));
  return (name) => known.get(name) ?? { name };
}

function placed(tools: readonly ResponseTool[]): (readonly [CalledFunction, FunctionTool])[] {
  return tools.flatMap((tool) =>
    tool.type === 'function'
      ? [[{ name: tool.name }, tool] as const]
      : tool.tools.map((member) => [{ name: member.name, namespace: tool.name }, member] as const),
  );
}
