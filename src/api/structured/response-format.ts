import * as v from 'valibot';
import { ShoalError } from '../../core/errors.ts';
import type { AnswerGrammar } from '../../grammar/answer-grammar.ts';
import { fitSchema } from '../../grammar/json-schema.ts';
import { fieldName } from '../field-name.ts';

const text = v.pipe(v.string(), v.nonEmpty());
/** JSON, as itself or written down. */
const json = v.union([text, v.boolean(), v.record(v.string(), v.unknown())]);

const formatSchema = v.object({
  response_format: v.variant('type', [
    v.object({ type: v.literal('text') }),
    // WebLLM's `schema` is of a JSON object.
    v.object({ type: v.literal('json_object'), schema: v.nullish(json) }),
    v.object({
      type: v.literal('json_schema'),
      json_schema: v.object({ schema: json, strict: v.nullish(v.boolean(), false) }),
    }),
    v.object({ type: v.literal('grammar'), grammar: text }),
    v.object({ type: v.literal('structural_tag'), structural_tag: v.union([text, v.looseObject({})]) }),
  ]),
});

/**
 * The grammar that a request's `response_format` asks for, in OpenAI's words or WebLLM's; undefined for text.
 * @throws ShoalError `bad-request`; also where a schema is to be held strictly and says what no grammar can
 */
export function grammarOf(response_format: unknown): AnswerGrammar | undefined {
  if (response_format === undefined || response_format === null) return undefined;
  // Where it says nothing it asks for nothing.
  const asked = typeof response_format === 'object' ? { type: 'text', ...response_format } : response_format;
  const { success, issues, output } = v.safeParse(formatSchema, { response_format: asked }, { abortEarly: true });
  if (!success) {
    const [issue] = issues;
    throw new ShoalError('bad-request', `The request's "${fieldName(issue)}" is wrong: ${issue.message}.`);
  }
  const format = output.response_format;
  switch (format.type) {
    case 'text':
      return undefined;
    case 'json_object':
      return format.schema === undefined || format.schema === null
        ? { kind: 'object' }
        : schemaGrammar(format.schema, false, 'response_format.schema');
    case 'json_schema':
      return schemaGrammar(format.json_schema.schema, format.json_schema.strict, 'response_format.json_schema.schema');
    case 'grammar':
      return { kind: 'ebnf', rules: format.grammar };
    case 'structural_tag':
      return { kind: 'tags', structuralTag: written(format.structural_tag) };
  }
}

/**
 * @param field - of the request, for errors
 * @throws ShoalError `bad-request`
 */
export function schemaGrammar(
  schema: v.InferOutput<typeof json>,
  strict: boolean | null,
  field: string,
): AnswerGrammar {
  const text = written(schema);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new ShoalError('bad-request', `The request's "${field}" is no JSON: ${ShoalError.from(cause).message}`, {
      cause,
    });
  }
  const fitted = fitSchema(parsed);
  if (strict && fitted.unheld !== undefined)
    throw new ShoalError(
      'bad-request',
      `The request's "${field}" has "${fitted.unheld}", to which answers cannot be held. Leave it out, or set "strict" to false and check the answer.`,
    );
  return { kind: 'schema', schema: JSON.stringify(fitted.schema) };
}

function written(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
