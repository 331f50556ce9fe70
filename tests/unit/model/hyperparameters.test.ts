import { describe, expect, it } from 'vitest';
import { ShoalError } from '../../../src/core/errors.ts';
import { parseGguf } from '../../../src/gguf/read.ts';
import type { ValueType } from '../../../src/gguf/values.ts';
import { encodeEntry } from '../../../src/gguf/write.ts';
import { checkTensors } from '../../../src/model/check-tensors.ts';
import { readHyperparameters } from '../../../src/model/read-hyperparameters.ts';
import { makeTinyModel, type TinyModelOptions } from '../../fixtures/tiny-model.ts';

function modelOf(options: TinyModelOptions) {
  const bytes = makeTinyModel({ layerCount: 1, ...options });
  const file = parseGguf(bytes, 'model.gguf', bytes.length);
  return { file, model: readHyperparameters(file) };
}

/** Options that put one metadata entry in. */
const entry = (key: string, type: ValueType, value: number | boolean | string | number[]): TinyModelOptions => ({
  metadata: { [key]: encodeEntry(key, type, value) },
});
/** Options that leave one metadata entry out. */
const without = (key: string): TinyModelOptions => ({ metadata: { [key]: null } });

const expertEntries = (count: number, used: number) => ({
  'llama.expert_count': encodeEntry('llama.expert_count', 'u32', count),
  'llama.expert_used_count': encodeEntry('llama.expert_used_count', 'u32', used),
});

function failure(options: TinyModelOptions): ShoalError {
  try {
    modelOf(options);
  } catch (error) {
    if (error instanceof ShoalError) return error;
  }
  throw new Error('read without a ShoalError');
}

describe('hyperparameters', () => {
  it('reads what the file says', () => {
    const { model } = modelOf({ layerCount: 3, width: 96, feedForwardWidth: 160, headCount: 3, kvHeadCount: 1 });
    expect(model).toEqual({
      architecture: 'llama',
      layerCount: 3,
      width: 96,
      feedForwardWidth: 160,
      headCount: 3,
      kvHeadCount: 1,
      headSize: 32,
      vocabularySize: 273,
      contextLength: 256,
      ropeBase: 10_000,
      ropeDimensions: 32,
      ropeScale: 1,
      rmsEpsilon: Math.fround(1e-5),
    });
  });

  it.each<[string, TinyModelOptions, object]>([
    ['KV heads', without('llama.attention.head_count_kv'), { kvHeadCount: 4 }],
    ['the head size', without('llama.attention.key_length'), { headSize: 16 }],
    ['the rope base', without('llama.rope.freq_base'), { ropeBase: 10_000 }],
    ['rotated dimensions', without('llama.rope.dimension_count'), { ropeDimensions: 16 }],
    ['the vocabulary, which the tokenizer has', without('llama.vocab_size'), { vocabularySize: 273 }],
  ])('has a default for %s', (_, options, expected) => {
    expect(modelOf(options).model).toMatchObject(expected);
  });

  it('knows the vocabulary’s size without a tokenizer', () => {
    const { file } = modelOf({});
    const metadata = new Map([...file.metadata].filter(([key]) => !key.startsWith('tokenizer.')));
    expect(readHyperparameters({ ...file, metadata }).vocabularySize).toBe(273);
  });

  it('takes linear rope scaling', () => {
    expect(modelOf(entry('llama.rope.scaling.factor', 'f32', 4)).model.ropeScale).toBe(4);
    expect(modelOf(entry('llama.rope.scale_linear', 'f32', 2)).model.ropeScale).toBe(2);
    expect(modelOf(entry('llama.rope.scaling.factor', 'f32', 0)).model.ropeScale).toBe(1);
    expect(modelOf(entry('llama.rope.scaling.type', 'string', 'none')).model.ropeScale).toBe(1);
  });

  it('reads YaRN, whose attention grows with the logarithm of its factor', () => {
    const key = (name: string) => `llama.rope.scaling.${name}`;
    const metadata = {
      [key('type')]: encodeEntry(key('type'), 'string', 'yarn'),
      [key('factor')]: encodeEntry(key('factor'), 'f32', 4),
      [key('original_context_length')]: encodeEntry(key('original_context_length'), 'u32', 64),
    };
    const yarn = { originalLength: 64, betaFast: 32, betaSlow: 1 };
    expect(modelOf({ metadata }).model).toMatchObject({ yarn, ropeScale: 4, ropeMagnitude: 1 + 0.1 * Math.log(4) });
    const log = key('yarn_log_multiplier');
    const cancelled = { ...metadata, [log]: encodeEntry(log, 'f32', 1) };
    expect(modelOf({ metadata: cancelled }).model).not.toHaveProperty('ropeMagnitude');
  });

  it('holds a model to the context in which its attention is steady', () => {
    const key = (name: string) => `mistral3.attention.${name}`;
    const metadata = {
      [key('temperature_scale')]: encodeEntry(key('temperature_scale'), 'f32', 0.1),
      [key('temperature_length')]: encodeEntry(key('temperature_length'), 'u32', 100),
    };
    expect(modelOf({ architecture: 'mistral3', metadata }).model.contextLength).toBe(100);
    expect(modelOf({ architecture: 'mistral3' }).model.contextLength).toBe(256);
  });

  it('takes a feature that is there but off', () => {
    expect(modelOf(entry('llama.expert_count', 'u32', 0)).model.layerCount).toBe(1);
  });

  it.each<[string, TinyModelOptions, string, RegExp]>([
    [
      'another architecture',
      entry('general.architecture', 'string', 'mamba'),
      'unsupported-architecture',
      /"mamba" is not supported; supported: llama, qwen2/,
    ],
    ['no architecture', without('general.architecture'), 'bad-gguf', /general\.architecture is missing/],
    ['a missing width', without('llama.embedding_length'), 'bad-gguf', /llama\.embedding_length is missing/],
    ['no layers', entry('llama.block_count', 'u32', 0), 'bad-gguf', /block_count is 0, expected a positive number/],
    ['endless layers', entry('llama.block_count', 'u32', 4e9), 'bad-gguf', /4000000000 layers, at most 1024/],
    ['half a layer', entry('llama.block_count', 'f32', 1.5), 'bad-gguf', /block_count is 1.5, expected a whole number/],
    ['a count that is text', entry('llama.context_length', 'string', 'long'), 'bad-gguf', /context_length is long/],
    ['uneven groups', entry('llama.attention.head_count_kv', 'u32', 3), 'bad-gguf', /4 heads cannot share 3 KV heads/],
    [
      'heads that differ by layer',
      entry('llama.attention.head_count_kv', 'u32[]', [2, 1]),
      'unsupported-architecture',
      /head_count_kv for each layer/,
    ],
    [
      'other value sizes',
      entry('llama.attention.value_length', 'u32', 8),
      'unsupported-architecture',
      /values of 8 and keys of 16/,
    ],
    [
      'rope factors of a family without them',
      { architecture: 'qwen2', ...entry('qwen2.rope.factors', 'f32[]', Array(8).fill(1)) },
      'unsupported-architecture',
      /factors of rope frequencies/,
    ],
    ['too few rope factors', entry('llama.rope.factors', 'f32[]', [1]), 'bad-gguf', /1 rope factors for 16/],
    ['odd rotation', entry('llama.rope.dimension_count', 'u32', 15), 'bad-gguf', /15 rotated dimensions/],
    [
      'a scaling that nobody knows',
      entry('llama.rope.scaling.type', 'string', 'dynamic'),
      'unsupported-architecture',
      /rope scaling "dynamic"; supported: none, linear, yarn, longrope/,
    ],
    [
      'experts of a family without them',
      { architecture: 'qwen2', ...entry('qwen2.expert_count', 'u32', 8) },
      'unsupported-architecture',
      /qwen2\.expert_count = 8; supported: 0/,
    ],
    [
      'experts that are weighed by sigmoids',
      { metadata: { ...expertEntries(4, 2), ...entry('llama.expert_gating_func', 'u32', 2).metadata } },
      'unsupported-architecture',
      /expert gating function 2/,
    ],
    ['experts that nobody uses', entry('llama.expert_count', 'u32', 8), 'bad-gguf', /expert_used_count is missing/],
    [
      'more experts at once than there are',
      { metadata: expertEntries(2, 3) },
      'bad-gguf',
      /3 of 2 experts cannot be used at once/,
    ],
    [
      'experts of odd widths',
      { feedForwardWidth: 36, metadata: expertEntries(4, 2) },
      'unsupported-architecture',
      /experts of width 36; supported: multiples of 32/,
    ],
    [
      'a sliding window',
      entry('llama.attention.sliding_window', 'u32', 4096),
      'unsupported-architecture',
      /sliding_window = 4096/,
    ],
  ])('refuses %s', (_, options, code, message) => {
    const error = failure(options);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.message).toContain('model.gguf');
  });
});

describe('the tensors that the hyperparameters promise', () => {
  const { model, file } = modelOf({ layerCount: 2, width: 48, headCount: 3, kvHeadCount: 1, headSize: 10 });
  const check = (tensors: readonly { name: string; shape: readonly number[] }[]) => () =>
    checkTensors(model, tensors, 'model.gguf');
  const without = (name: string) => file.tensors.filter((tensor) => tensor.name !== name);

  it('accepts a whole model, tied or not', () => {
    expect(check(file.tensors)).not.toThrow();
    expect(check(without('output.weight'))).not.toThrow();
  });

  it.each(file.tensors.map((tensor) => tensor.name).filter((name) => name !== 'output.weight'))('misses %s', (name) => {
    expect(check(without(name))).toThrow(`tensor "${name}" is missing`);
  });

  it('refuses another shape', () => {
    const changed = [...without('blk.1.attn_k.weight'), { name: 'blk.1.attn_k.weight', shape: [48, 30] }];
    expect(check(changed)).toThrow('tensor "blk.1.attn_k.weight" has shape [48, 30], expected [48, 10]');
  });

  it.each([
    ['blk.0.attn_q.bias', 'a bias'],
    ['rope_freqs.weight', 'rope frequency factors'],
    ['blk.0.ffn_gate_exps.weight', 'experts'],
  ])('refuses %s', (name, what) => {
    expect(check([...file.tensors, { name, shape: [5] }])).toThrow(`tensor "${name}" (${what})`);
  });
});
