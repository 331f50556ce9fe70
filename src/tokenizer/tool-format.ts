import { CHANNEL } from './thought-reader.ts';

/**
 * How a model's chat template has it call functions: in Qwen's and Hermes' tags, with the parameters one by one as
 * Qwen3-Coder and Qwen 3.5, in bare JSON as Llama 3, in Mistral's list of 2024, by name as Mistral's of 2025
 * (`identified`: with an id), in a channel as gpt-oss; `none` where the template knows no functions, or asks for them in
 * another way.
 */
export type ToolFormat = 'tags' | 'parameters' | 'json' | 'list' | 'named' | 'identified' | 'channels' | 'none';

/** Control tokens that are part of a call: they stand in the answer's text. */
export const TOOL_MARKS: ReadonlySet<string> = new Set([
  '<tool_call>',
  '</tool_call>',
  '[TOOL_CALLS]',
  '[CALL_ID]',
  '[ARGS]',
]);

/** @param template - `tokenizer.chat_template` */
export function toolFormatOf(template: string | undefined): ToolFormat {
  if (!template?.includes('tools')) return 'none';
  if (template.includes(CHANNEL) && template.includes('to=')) return 'channels';
  if (template.includes('<tool_call>')) {
    if (!template.includes('<function=')) return 'tags';
    return template.includes('<parameter=') ? 'parameters' : 'none';
  }
  if (template.includes('[TOOL_CALLS]')) {
    if (!template.includes('[ARGS]')) return 'list';
    return template.includes('[CALL_ID]') ? 'identified' : 'named';
  }
  if (template.includes('"parameters": ') && template.includes('ipython')) return 'json';
  return 'none';
}
