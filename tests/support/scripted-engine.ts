import { ShoalEngine } from '../../src/api/index.ts';
import type {
  GeneratedToken,
  GenerationRequest,
  GenerationSummary,
  Generator,
} from '../../src/swarm/coordinator/generation.ts';
import { LocalModelText, type ToolFormat } from '../../src/tokenizer/index.ts';
import { defaultTokenizer } from './default-tokenizer.ts';
import { localGrammars } from './local-grammars.ts';

export const tokenizer = await defaultTokenizer();
export const CONTEXT_LENGTH = 200;
const END = 2;

/** Says what it is told, one token after the other, as the coordinator does. */
export class ScriptedGenerator implements Generator {
  readonly requests: GenerationRequest[] = [];
  /** Called before each token. */
  onStep: (step: number) => Promise<void> | void = () => {};
  reusedTokens = 0;
  closed = 0;
  readonly #answers: readonly (readonly number[])[];

  constructor(...texts: string[]) {
    this.#answers = texts.map((text) => [...tokenizer.encode(text, { parseSpecial: true }), END]);
  }

  async *generate(request: GenerationRequest): AsyncGenerator<GeneratedToken, GenerationSummary> {
    const script = this.#answers[this.requests.length % this.#answers.length]!;
    this.requests.push(request);
    let completionTokens = 0;
    const summary = (finishReason: GenerationSummary['finishReason']): GenerationSummary => ({
      finishReason,
      promptTokens: request.promptIds.length,
      reusedTokens: this.reusedTokens,
      completionTokens,
      prefillMs: 500,
      decodeMs: 250,
    });
    try {
      for (const id of script) {
        await this.onStep(completionTokens);
        if (request.signal?.aborted) return summary('abort');
        if (completionTokens === request.maxTokens) return summary('length');
        if (request.stopIds.has(id)) return summary('stop');
        completionTokens++;
        const top = [id, id + 1, id + 2]
          .slice(0, request.topLogprobs)
          .map((other, rank) => ({ id: other, logprob: -rank - 0.5 }));
        yield { id, logprob: -0.5, top, lap: { totalMs: 1, stages: [] }, positions: 1 };
      }
      return summary('length');
    } finally {
      this.closed++;
    }
  }
}

export interface ScriptedEngine {
  readonly engine: ShoalEngine;
  readonly generator: ScriptedGenerator;
  /** Conversations whose caches it gave back. */
  readonly forgotten: readonly string[];
}

/** An engine that answers with these texts, one request after the other, and over again. */
export function scriptedEngine(...texts: string[]): ScriptedEngine {
  return scriptedEngineOf(texts, CONTEXT_LENGTH);
}

export function scriptedEngineOf(
  texts: readonly string[],
  contextLength: number,
  toolFormat: ToolFormat = 'none',
  /** In place of what the messages give. */
  prompt?: string,
): ScriptedEngine {
  const text = new LocalModelText(tokenizer);
  Object.defineProperty(text, 'toolFormat', { value: toolFormat });
  const encode = text.encode.bind(text);
  if (prompt !== undefined) text.encode = (_, enough) => encode({ kind: 'text', text: prompt }, enough);
  const generator = new ScriptedGenerator(...texts);
  const forgotten: string[] = [];
  const engine = new ShoalEngine({
    generator,
    text: async () => text,
    grammars: localGrammars(tokenizer.data),
    modelId: () => 'Tiny',
    contextLength: () => contextLength,
    forget: async (conversation) => {
      forgotten.push(conversation);
    },
  });
  return { engine, generator, forgotten };
}

export const user = (content: string) => [{ role: 'user' as const, content }];

export async function readAll<Chunk>(chunks: AsyncIterable<Chunk>): Promise<Chunk[]> {
  const read: Chunk[] = [];
  for await (const chunk of chunks) read.push(chunk);
  return read;
}
