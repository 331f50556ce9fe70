import { DEFAULT_ANSWER_OPTIONS } from '../../../../src/app/chat/answer-options.ts';
import { Chat } from '../../../../src/app/chat/chat.ts';
import { WatchedGenerator } from '../../../../src/app/watched-generator.ts';
import { CONTEXT_LENGTH, type ScriptedEngine } from '../../../support/scripted-engine.ts';

/** A conversation that this engine answers, in answers of at most 20 tokens. */
export function testChat(engine: ScriptedEngine['engine']): Chat {
  const progress = new WatchedGenerator(() => {
    throw new Error('Nothing is generated through it.');
  });
  const parts = { engine, progress, contextLength: () => CONTEXT_LENGTH, untilReady: async () => {} };
  return new Chat('test', { ...DEFAULT_ANSWER_OPTIONS, maxTokens: 20 }, parts);
}
