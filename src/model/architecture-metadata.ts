import { ShoalError } from '../core/errors.ts';
import type { Metadata, MetadataValue } from '../core/metadata.ts';

/** Reads and checks one file's metadata, keys below `<architecture>.`. */
export class ArchitectureMetadata {
  readonly #metadata: Metadata;
  readonly #fileName: string;

  constructor(metadata: Metadata, fileName: string) {
    this.#metadata = metadata;
    this.#fileName = fileName;
  }

  bad(problem: string): ShoalError {
    return new ShoalError('bad-gguf', `${this.#fileName} is not a valid model: ${problem}.`);
  }

  unsupported(found: string, supported: string): ShoalError {
    return new ShoalError(
      'unsupported-architecture',
      `${this.#fileName}: the model has ${found}; supported: ${supported}.`,
    );
  }

  architectureName(): string {
    const name = this.#metadata.get('general.architecture');
    if (typeof name !== 'string') throw this.bad('general.architecture is missing');
    return name;
  }

  /** A whole number from 1. @param layer - as of `positive` */
  count(key: string, fallback?: number, layer?: number): number {
    const value = this.positive(key, fallback, layer);
    if (!Number.isSafeInteger(value)) throw this.bad(`${this.#full(key)} is ${value}, expected a whole number`);
    return value;
  }

  /** @param layer - whose value counts where layers differ; unless given they must not */
  positive(key: string, fallback?: number, layer?: number): number {
    const value = this.#valueOf(key, layer) ?? fallback;
    if (value === undefined) throw this.bad(`${this.#full(key)} is missing`);
    if (typeof value !== 'number' || !(value > 0) || value === Number.POSITIVE_INFINITY)
      throw this.bad(`${this.#full(key)} is ${value}, expected a positive number`);
    return value;
  }

  /** A positive number, or undefined where the key is missing or 0: converters write that for "none". */
  maybePositive(key: string): number | undefined {
    const value = this.value(key);
    return value === undefined || value === 0 ? undefined : this.positive(key);
  }

  /** Positive numbers; undefined where the key is missing. */
  positives(key: string): readonly number[] | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    const valid = (item: MetadataValue) => typeof item === 'number' && item > 0 && item < Number.POSITIVE_INFINITY;
    if (!Array.isArray(value) || !value.every(valid))
      throw this.bad(`${this.#full(key)} is not a list of positive numbers`);
    return value as readonly number[];
  }

  /** The tokenizer knows best; a shard behind the first carries only the count. */
  vocabularySize(): number {
    const tokens = this.#metadata.get('tokenizer.ggml.tokens');
    return Array.isArray(tokens) && tokens.length > 0 ? tokens.length : this.count('vocab_size');
  }

  /** @throws ShoalError `unsupported-architecture` for a key that has another value */
  checkNeutral(neutral: Readonly<Record<string, number | boolean>>): void {
    for (const [key, expected] of Object.entries(neutral)) {
      const value = this.value(key);
      if (value !== undefined && value !== expected)
        throw this.unsupported(`${this.#full(key)} = ${value}`, `${expected}`);
    }
  }

  value(key: string): MetadataValue | undefined {
    return this.#metadata.get(this.#full(key));
  }

  /** Converters list some values layer by layer, mostly equal ones. */
  #valueOf(key: string, layer: number | undefined): MetadataValue | undefined {
    const value = this.value(key);
    if (!Array.isArray(value)) return value;
    if (layer !== undefined) {
      if (layer >= value.length) throw this.bad(`${this.#full(key)} lists ${value.length} layers only`);
      return (value as readonly MetadataValue[])[layer];
    }
    const [first, ...others] = value as readonly MetadataValue[];
    if (first === undefined || others.some((other) => other !== first))
      throw this.unsupported(`a ${this.#full(key)} for each layer`, 'one for all layers');
    return first;
  }

  #full(key: string): string {
    return `${this.architectureName()}.${key}`;
  }
}
