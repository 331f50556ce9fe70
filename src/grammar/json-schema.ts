import { ANY_CHARACTER, fitPattern } from './fit-pattern.ts';

type Schema = Readonly<Record<string, unknown>>;

/** A schema as the grammar's library makes no mistake with it. */
export interface FittedSchema {
  readonly schema: unknown;
  /** Where it asks for something that answers may fail all the same, as a path; undefined where they hold all of it. */
  readonly unheld: string | undefined;
}

/** Keywords that no grammar holds: they tie parts of a value to each other, or count. */
const UNHELD = 'not if dependentRequired dependentSchemas dependencies uniqueItems contains multipleOf'.split(' ');
/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const ONE = ['items', 'additionalProperties', 'propertyNames', 'unevaluatedItems', 'unevaluatedProperties'];
const LIST = ['prefixItems', 'anyOf', 'oneOf', 'allOf'];
const NAMED = ['properties', 'patternProperties', '$defs', 'definitions'];
const BOUNDS = ['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum'] as const;
const LENGTHS = ['minLength', 'maxLength'] as const;
/** The library's own lets backslashes through that begin no escape. */
const EMAIL = '^[a-zA-Z0-9_+-]+(\\.[a-zA-Z0-9_+-]+)*@[a-zA-Z0-9-]+(\\.[a-zA-Z0-9-]+)+$';
/** The library writes ranges of whole numbers right that have two ends. */
const LARGEST = 999_999_999_999_999;
/** Schemas inside of schemas; what is deeper is taken as it is. */
const MAX_DEPTH = 64;

/**
 * @param schema - parsed
 * @param maxCounted - longer `minLength` and `maxLength` are passed over: each character that is counted costs
 * milliseconds of every new grammar, 60 with 49 thousand tokens on one core
 */
export function fitSchema(schema: unknown, maxCounted = Number.POSITIVE_INFINITY): FittedSchema {
  const fitting = new Fitting(maxCounted);
  return { schema: fitting.fit(schema, '', 0), unheld: fitting.unheld };
}

class Fitting {
  unheld: string | undefined;
  readonly #maxCounted: number;

  constructor(maxCounted: number) {
    this.#maxCounted = maxCounted;
  }

  fit(schema: unknown, path: string, depth: number): unknown {
    if (!isSchema(schema) || depth > MAX_DEPTH) return schema;
    const at = (name: string) => (path === '' ? name : `${path}.${name}`);
    const part = (value: unknown, name: string) => this.fit(value, at(name), depth + 1);
    this.#note(schema, at);
    const fitted: Record<string, unknown> = { ...schema };
    for (const name of ONE) if (isSchema(schema[name])) fitted[name] = part(schema[name], name);
    for (const name of LIST) {
      const list = schema[name];
      if (Array.isArray(list)) fitted[name] = list.map((value, index) => part(value, `${name}.${index}`));
    }
    for (const name of NAMED) {
      const named = schema[name];
      if (!isSchema(named)) continue;
      fitted[name] = Object.fromEntries(
        Object.entries(named).flatMap(([key, value]) => {
          const fittedKey = name === 'patternProperties' ? fitPattern(key) : key;
          if (fittedKey === undefined) this.unheld ??= at(`${name}.${key}`);
          return fittedKey === undefined ? [] : [[fittedKey, part(value, `${name}.${key}`)]];
        }),
      );
    }
    return this.#fitBounds(this.#fitText(this.#withoutLong(fitted, at), at), at);
  }

  #withoutLong(schema: Schema, at: (name: string) => string): Schema {
    const long = LENGTHS.filter((name) => Number(schema[name] ?? 0) > this.#maxCounted);
    if (long.length === 0) return schema;
    this.unheld ??= at(long[0]!);
    return Object.fromEntries(Object.entries(schema).filter(([name]) => !long.some((length) => length === name)));
  }

  #note(schema: Schema, at: (name: string) => string): void {
    const found = UNHELD.find((name) => name in schema && schema[name] !== false);
    if (found) this.unheld ??= at(found);
    if (Array.isArray(schema.allOf) && schema.allOf.length > 1) this.unheld ??= at('allOf');
    if (typeof schema.$ref === 'string' && !schema.$ref.startsWith('#')) this.unheld ??= at('$ref');
    if ('pattern' in schema && LENGTHS.some((name) => name in schema)) this.unheld ??= at('pattern');
  }

  /** Texts of a pattern or a length: one pattern, of what may stand in a JSON string. */
  #fitText({ pattern, minLength, maxLength, format, ...rest }: Schema, at: (name: string) => string): Schema {
    if (typeof pattern === 'string') {
      const fitted = fitPattern(pattern);
      if (fitted === undefined) this.unheld ??= at('pattern');
      return fitted === undefined ? rest : { ...rest, pattern: fitted };
    }
    if (minLength !== undefined || maxLength !== undefined)
      return { ...rest, pattern: `^${ANY_CHARACTER}{${minLength ?? 0},${maxLength ?? ''}}$` };
    if (format === 'email') return { ...rest, pattern: EMAIL };
    return format === undefined ? rest : { ...rest, format };
  }

  #fitBounds(schema: Schema, at: (name: string) => string): Schema {
    const bounds = BOUNDS.filter((name) => name in schema);
    if (bounds.length === 0) return schema;
    if (schema.type === 'integer') {
      const has = (end: string) => bounds.some((name) => name.toLowerCase().endsWith(end));
      return {
        ...schema,
        ...(has('minimum') ? {} : { minimum: -LARGEST }),
        ...(has('maximum') ? {} : { maximum: LARGEST }),
      };
    }
    // Of fractions it holds that there is no minus sign.
    if (bounds.join() === 'minimum' && schema.minimum === 0) return schema;
    this.unheld ??= at(bounds[0]!);
    return Object.fromEntries(Object.entries(schema).filter(([name]) => !bounds.some((bound) => bound === name)));
  }
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
