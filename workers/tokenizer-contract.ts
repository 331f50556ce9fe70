import type { RenderedPrompt } from '../src/tokenizer/content-marks.ts';
import type { Prompt } from '../src/tokenizer/model-text.ts';
import type { SamplingDefaults } from '../src/tokenizer/sampling-defaults.ts';
import type { TokenData } from '../src/tokenizer/token-table.ts';
import type { ToolFormat } from '../src/tokenizer/tool-format.ts';

/** The header of a model file, which has the tokenizer. */
export interface ModelHeader {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** As the manifest has it. */
  readonly modelName: string;
  readonly fileName: string;
  /** Of the whole file. */
  readonly sizeBytes: number;
}

/** What the page asks of the tokenizer's worker; each call has a deadline of its own. */
export interface TokenizerWorkerApi {
  /** Makes the tokenizer. Called once, before everything else; the header's bytes and the tokens' are transferred. */
  open(header: ModelHeader): {
    readonly tokens: TokenData;
    readonly sampling: SamplingDefaults;
    readonly toolFormat: ToolFormat;
  };
  /** @see renderPrompt */
  render(prompt: Prompt): RenderedPrompt;
  /** @see encodeRendered. The ids are transferred. */
  encode(rendered: RenderedPrompt): Uint32Array<ArrayBuffer>;
}
