import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { answerOptionsOf, DEFAULT_ANSWER_OPTIONS } from '../../../../src/app/chat/answer-options.ts';
import { Presets } from '../../../../src/app/chat/presets.ts';

let items: Map<string, string>;
beforeEach(() => {
  items = new Map();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => items.set(key, value),
  });
});
afterEach(() => vi.unstubAllGlobals());

const precise = { ...DEFAULT_ANSWER_OPTIONS, temperature: 0, systemPrompt: 'Be brief.', maxTokens: 64 };

describe('presets', () => {
  it('are kept by name, the newest of a name', () => {
    const presets = new Presets();
    presets.save(' Precise ', precise);
    presets.save('Lively', { ...DEFAULT_ANSWER_OPTIONS, temperature: 1.2, topK: 40 });
    presets.save('Precise', { ...precise, maxTokens: 32 });
    presets.save('  ', precise);
    expect(new Presets().list.value.map(({ name }) => name)).toEqual(['Lively', 'Precise']);
    expect(new Presets().optionsOf('Precise')).toMatchObject({ temperature: 0, maxTokens: 32 });
    presets.remove('Lively');
    expect(new Presets().list.value.map(({ name }) => name)).toEqual(['Precise']);
  });

  it('say every option: what one leaves out is at its default, not as it was', () => {
    const presets = new Presets();
    presets.save('Precise', precise);
    const before = { ...DEFAULT_ANSWER_OPTIONS, topK: 40, seed: 7, presencePenalty: 1 };
    expect(answerOptionsOf({ ...before, ...presets.optionsOf('Precise') })).toEqual(precise);
    expect(presets.optionsOf('Gone')).toEqual({});
  });

  it('that cannot be read are none, and too many let the oldest go', () => {
    items.set('shoal-presets', '[{"name": 3}]');
    const presets = new Presets();
    expect(presets.list.value).toEqual([]);
    for (let number = 0; number < 60; number++) presets.save(`p${number}`, precise);
    expect(new Presets().list.value).toHaveLength(50);
    expect(new Presets().list.value[0]!.name).toBe('p10');
  });
});
