import { expect, test } from 'vitest';
import type { StageTask } from '../../../src/engine/layer-runner.ts';
import { HIDDEN_FORMATS, packHidden, unpackHidden } from '../../../src/protocol/hidden-formats.ts';
import { SCRIPTED_ANSWERS, scriptedAnswer } from '../../../src/simulation/scripted-answers.ts';
import { ROW_WIDTH, ScriptedSession } from '../../../src/simulation/scripted-session.ts';
import { ScriptedText, VOCABULARY_SIZE } from '../../../src/simulation/scripted-text.ts';
import { MAX_DIFFERENCE, rowDifference } from '../../../src/swarm/coordinator/compare-rows.ts';
import { isSize } from '../../../src/tokenizer/model-text.ts';

const LAYERS = 30;
const text = new ScriptedText();
const candidates = { rows: 'last', count: 8, wantedIds: new Uint32Array() } as const;

async function promptOf(...contents: string[]): Promise<number[]> {
  const messages = contents.map((content, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content }));
  const ids = await text.encode({ kind: 'chat', messages, options: {} }, 4096);
  if (isSize(ids)) throw new Error('The prompt was not tokenized.');
  return [...ids];
}

/** The stages of a route: `cuts` are the layers between them. */
function stagesOf(cuts: readonly number[], liar?: number): ScriptedSession[] {
  const ends = [...cuts, LAYERS];
  return ends.map((end, at) => new ScriptedSession({ layers: { start: ends[at - 1] ?? 0, end }, lies: at === liar }));
}

/** One lap. */
function lap(
  stages: readonly ScriptedSession[],
  ids: readonly number[],
  request: StageTask['candidates'] = candidates,
) {
  let input: StageTask['input'] = { dtype: 'u32', ids: Uint32Array.from(ids) };
  for (const [at, stage] of stages.entries()) {
    const last = at === stages.length - 1;
    const task = { session: '', layers: { start: 0, end: 0 }, position: stage.length, input };
    const output = stage.run(last && request ? { ...task, candidates: request } : task);
    if (last) return output.rows!;
    input = { dtype: 'f32', hidden: output.hidden! };
  }
  throw new Error('No stage.');
}

/** All that the stages answer. */
function answer(stages: readonly ScriptedSession[], prompt: readonly number[]): number[] {
  const ids: number[] = [];
  for (let next = [...prompt]; ; next = [ids.at(-1)!]) {
    const id = lap(stages, next)[0]!.ids[0]!;
    if (text.tokens.eogIds.has(id)) return ids;
    ids.push(id);
  }
}

test('a row has room for every token', () => {
  expect(VOCABULARY_SIZE).toBeLessThan(2 ** 12);
  expect(text.tokens.size).toBe(VOCABULARY_SIZE);
});

test.each([
  'What is the capital of France?',
  'Erkläre einem Kind in drei Sätzen Ebbe und Flut.',
  'Write a haiku about a school of fish.',
  'Wie geht das?',
  'naïve 🐟\n\n  two lines',
  '',
])('“%s” is answered with its script, over however many stages', async (question) => {
  const prompt = await promptOf(question);
  const [alone, together] = [answer(stagesOf([]), prompt), answer(stagesOf([7, 8, 22]), prompt)];
  expect(text.tokens.decode(alone)).toBe(scriptedAnswer(question));
  expect(together).toEqual(alone);
});

test('every answer can be asked for, and the last question counts', async () => {
  expect(new Set(SCRIPTED_ANSWERS).size).toBe(SCRIPTED_ANSWERS.length);
  const prompt = await promptOf('What is the capital of France?', 'Paris.', 'And the tides?');
  expect(text.tokens.decode(answer(stagesOf([]), prompt))).toBe(scriptedAnswer('tides'));
});

test('a text comes back as it was', async () => {
  const written = 'Ein  Satz\nmit Ümläuten, 🐟 and `code`:\n\n\tend ';
  const ids = await text.encode({ kind: 'text', text: written }, 4096);
  expect(text.tokens.decode(ids as readonly number[])).toBe(written);
  expect(await text.encode({ kind: 'text', text: '🐟'.repeat(5000) }, 100)).toMatchObject({ exact: false });
});

test('what was rolled back leaves nothing behind', async () => {
  const prompt = await promptOf('Hello');
  const stages = stagesOf([10]);
  const before = lap(stages, prompt);
  lap(stages, [1, 2, 3]);
  for (const stage of stages) stage.truncate(prompt.length - 1);
  expect(lap(stages, prompt.slice(-1))).toEqual(before);
});

test('layers that missed a token, or saw it twice, give other rows', () => {
  const rows = (...tokens: number[][]) => {
    const [stage] = stagesOf([10]);
    const run = (ids: number[]) =>
      stage!.run({
        session: '',
        layers: { start: 0, end: 10 },
        position: 0,
        input: { dtype: 'u32', ids: Uint32Array.from(ids) },
      });
    return tokens.map(run).at(-1)!.hidden!.slice(-ROW_WIDTH);
  };
  const whole = rows([300, 301, 302]);
  expect(rows([300], [301, 302])).toEqual(whole);
  for (const other of [rows([301, 302]), rows([300, 301, 301, 302]), rows([301, 300, 302])])
    expect(rowDifference(whole, other, ROW_WIDTH)).toBeGreaterThan(10 * MAX_DIFFERENCE);
});

test('a lie lies far beyond what honest devices differ by, changes all after it, and leaves the text', async () => {
  const prompt = await promptOf('What is the capital of France?');
  const [honest, liar] = [undefined, 0].map((place) => {
    const [stage] = stagesOf([10], place);
    const input = { dtype: 'u32', ids: Uint32Array.from(prompt) } as const;
    return stage!.run({ session: '', layers: { start: 0, end: 10 }, position: 0, input }).hidden!;
  });
  expect(rowDifference(honest!, liar!, ROW_WIDTH)).toBeGreaterThan(10 * MAX_DIFFERENCE);
  expect(answer(stagesOf([10], 0), prompt)).toEqual(answer(stagesOf([10]), prompt));
  expect(lap(stagesOf([10], 0), prompt)[0]!.logSumExp).not.toBe(lap(stagesOf([10]), prompt)[0]!.logSumExp);
});

test.each(HIDDEN_FORMATS)('rows that travel as %s say the same', async (format) => {
  const prompt = await promptOf('Hello');
  const [first, rest] = stagesOf([10]);
  const input = { dtype: 'u32', ids: Uint32Array.from(prompt) } as const;
  const { hidden } = first!.run({ session: '', layers: { start: 0, end: 10 }, position: 0, input });
  const travelled = unpackHidden(format, packHidden(format, hidden!).slice(), hidden!.length);
  const run = (rows: Float32Array) => {
    rest!.truncate(0);
    const layers = { start: 10, end: LAYERS };
    return rest!.run({ session: '', layers, position: 0, input: { dtype: 'f32', hidden: rows }, candidates }).rows;
  };
  expect(run(travelled)).toEqual(run(hidden!));
});

test('only what a mask allows is a candidate, and wanted logits come', async () => {
  const prompt = await promptOf('Hello');
  const mask = new Uint32Array(Math.ceil(VOCABULARY_SIZE / 32));
  mask[2] = 0b110;
  const [row] = lap(stagesOf([]), prompt, { ...candidates, mask, wantedIds: Uint32Array.of(66, 300) });
  expect([...row!.ids].sort()).toEqual([65, 66]);
  expect(Number.isFinite(row!.wantedLogits[0]!)).toBe(true);
  expect(row!.wantedLogits[1]).toBe(Number.NEGATIVE_INFINITY);
});
