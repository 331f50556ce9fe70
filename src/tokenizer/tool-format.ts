/**
 * How a model's chat template has it call functions: in Qwen's and Hermes' tags, in bare JSON as Llama 3, in Mistral's list;
 * `none` where the template knows no functions, or asks for them in another way.
 */
export type ToolFormat = 'tags' | 'json' | 'list' | 'none';

/** Control tokens that are part of a call: they stand in the answer's text. */
export const TOOL_MARKS: ReadonlySet<string> = new Set(['<tool_call>', '</tool_call>', '[TOOL_CALLS]']);

/** @param template - `tokenizer.chat_template` */
export function toolFormatOf(template: string | undefined): ToolFormat {
  if (!template?.includes('tools')) return 'none';
  // Qwen3-Coder's calls are in XML.
  if (template.includes('<tool_call>') && !template.includes('<function=')) return 'tags';
  if (template.includes('[TOOL_CALLS]') && !template.includes('[ARGS]')) return 'list';
  if (template.includes('"parameters": ') && template.includes('ipython')) return 'json';
  return 'none';
}
