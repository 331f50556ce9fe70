import type { CallParameter } from '../../grammar/answer-grammar.ts';

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
  readonly $defs?: unknown;
  readonly definitions?: unknown;
}

interface PropertySchema {
  readonly type?: unknown;
  readonly enum?: readonly unknown[];
  /** As `fitSchema` makes it, of lengths too. */
  readonly pattern?: string;
}

/**
 * The arguments of a function one by one, as Qwen3-Coder writes them: texts as they are, everything else as JSON.
 * @param schema - of its arguments, an object, as JSON
 */
export function callParameters(schema: string): CallParameter[] {
  const { properties = {}, required = [], $defs, definitions } = JSON.parse(schema) as ObjectSchema;
  return Object.entries(properties).map(([name, property]) => ({
    name,
    begin: `<parameter=${name}>\n`,
    value: parameterValue(property, { $defs, definitions }),
    end: '\n</parameter>\n',
    required: required.includes(name),
  }));
}

/** @param shared - what the property may refer to */
function parameterValue(property: unknown, shared: object): CallParameter['value'] {
  if (typeof property === 'object' && property !== null) {
    const { type, enum: texts, pattern } = property as PropertySchema;
    if (texts?.every((text) => typeof text === 'string')) return { kind: 'one-of', texts };
    if (type === 'string' && pattern !== undefined) return { kind: 'inside', pattern };
    if (type === 'string' && !('const' in property) && !('format' in property)) return { kind: 'text' };
    return { kind: 'json', schema: JSON.stringify({ ...shared, ...property }) };
  }
  return { kind: 'json', schema: JSON.stringify(property) };
}
