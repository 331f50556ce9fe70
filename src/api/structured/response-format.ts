import * as v from 'valibot';
import { ShoalError } from '../../core/errors.ts';
import type { AnswerGrammar } from '../../grammar/answer-grammar.ts';
import type { ToolFormat } from '../../tokenizer/index.ts';
import { CLOSING } from '../../tokenizer/thought-reader.ts';
import { checkedFields } from '../checked-fields.ts';
import { heldSchema } from './held-schema.ts';

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
  const { response_format: format } = checkedFields(formatSchema, { response_format: asked });
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

const CHANNELS = {
  thought: { begin: '<|channel|>analysis<|message|>', end: '<|end|><|start|>assistant', optional: true },
  begin: '<|channel|>final<|message|>',
};
const BEGUN = { thought: { begin: '', end: CLOSING, optional: false }, begin: '\n\n' };

/**
 * The grammar as a model of this format writes it: one with channels may think first, and answers in the last of them.
 * @param begun - whether the prompt has begun a thought, which ends first then
 */
export function asWritten(grammar: AnswerGrammar, format: ToolFormat, begun: boolean): AnswerGrammar {
  const marks = format === 'channels' ? CHANNELS : begun ? BEGUN : undefined;
  if (!marks || (grammar.kind !== 'schema' && grammar.kind !== 'object')) return grammar;
  const schema = grammar.kind === 'schema' ? grammar.schema : '{"type":"object"}';
  return { kind: 'thought-first', ...marks, schema };
}

/** @throws ShoalError `bad-request` */
function schemaGrammar(schema: v.InferOutput<typeof json>, strict: boolean | null, field: string): AnswerGrammar {
  return {
    kind: 'schema',
    schema: heldSchema(typeof schema === 'string' ? parsed(schema, field) : schema, strict, field),
  };
}

function parsed(text: string, field: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ShoalError('bad-request', `The request's "${field}" is no JSON: ${ShoalError.from(cause).message}`, {
      cause,
    });
  }
}

function written(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
