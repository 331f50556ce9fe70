import { describe, expect, it } from 'vitest';
import { ShoalEngine } from '../../../src/api/index.ts';
import type { Metadata, MetadataValue } from '../../../src/core/metadata.ts';
import { LocalModelText, Tokenizer } from '../../../src/tokenizer/index.ts';
import { readSampling } from '../../../src/tokenizer/sampling-defaults.ts';
import { defaultMetadata } from '../../support/default-tokenizer.ts';
import { localGrammars } from '../../support/local-grammars.ts';
import { ScriptedGenerator, user } from '../../support/scripted-engine.ts';

const metadata = (entries: Record<string, MetadataValue>): Metadata => new Map(Object.entries(entries));

describe('how a model’s answers are drawn', () => {
  it.each<[string, Record<string, MetadataValue>, string, object]>([
    [
      'as its file says',
      { 'general.sampling.temp': 0.5, 'general.sampling.top_p': 0.8 },
      'SmolLM2-Instruct',
      { temperature: 0.5, topP: 0.8 },
    ],
    [
      'as its file says, and its maker for the rest',
      { 'general.sampling.temp': 0 },
      'SmolLM2-135M-Instruct-Q4_1',
      { temperature: 0, topP: 0.9 },
    ],
    ['as its maker says', {}, 'SmolLM2-135M-Instruct-Q4_1', { temperature: 0.2, topP: 0.9 }],
    [
      'by the name in the file',
      { 'general.name': 'Meta Llama 3.1 8B Instruct' },
      'model',
      { temperature: 0.6, topP: 0.9 },
    ],
    ['as nobody says', { 'general.name': 'Tiny Random' }, 'tiny', {}],
    ['as no file can mean', { 'general.sampling.temp': 90, 'general.sampling.top_p': 0 }, 'tiny', {}],
  ])('%s', (_, entries, name, expected) => {
    expect(readSampling(metadata(entries), name)).toEqual(expected);
  });

  it('counts in a request that does not say; what it says counts first', async () => {
    const generator = new ScriptedGenerator('Paris.');
    const tokenizer = Tokenizer.fromMetadata(await defaultMetadata(), 'SmolLM2-135M-Instruct-Q4_1');
    const engine = new ShoalEngine({
      generator,
      text: async () => new LocalModelText(tokenizer),
      grammars: localGrammars(tokenizer.data),
      modelId: () => 'SmolLM2-135M-Instruct-Q4_1',
      contextLength: () => 200,
    });
    await engine.chatCompletion({ messages: user('Hi') });
    await engine.chatCompletion({ messages: user('Hi'), temperature: 0.9 });
    await engine.completion({ prompt: 'Hi', top_p: 0.5 });
    expect(generator.requests.map(({ sampling: { temperature, topP } }) => [temperature, topP])).toEqual([
      [0.2, 0.9],
      [0.9, 0.9],
      [0.2, 0.5],
    ]);
  });
});
