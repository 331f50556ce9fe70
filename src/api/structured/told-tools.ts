import type { ChatMessage, Prompt, ToolFormat } from '../../tokenizer/index.ts';
import { writtenCall } from './call-syntax.ts';

/** A prompt as the model's template can write it: of functions that it does not know the system's text tells. */
export function tellTools(prompt: Prompt, format: ToolFormat): Prompt {
  if (prompt.kind !== 'chat') return prompt;
  if (format === 'channels') return toldInChannels(prompt);
  if (format !== 'none') return prompt;
  const { tools, ...options } = prompt.options;
  const messages = plainMessages(prompt.messages);
  if (!tools?.length) return { ...prompt, messages, options };
  const told = explain(tools);
  const [first, ...rest] = messages;
  const withSystem: ChatMessage[] =
    first?.role === 'system'
      ? [{ ...first, content: `${first.content}\n\n${told}` }, ...rest]
      : [{ role: 'system', content: told }, ...messages];
  return { ...prompt, messages: withSystem, options };
}

/** For gpt-oss: its template has every function described, and what was thought before a call as that message's content. */
function toldInChannels(prompt: Prompt & { readonly kind: 'chat' }): Prompt {
  const messages = prompt.messages.map(({ reasoning_content, ...message }): ChatMessage => {
    if (!message.tool_calls?.length) return message;
    return { ...message, content: [reasoning_content, message.content].filter(Boolean).join('\n\n') };
  });
  const tools = prompt.options.tools?.map(described);
  return { ...prompt, messages, options: { ...prompt.options, ...(tools ? { tools } : {}) } };
}

function described(tool: unknown): unknown {
  const { function: called, ...rest } = tool as { readonly function: object };
  return { ...rest, function: { description: '', ...called } };
}

/** Calls and results as text: calls are the assistant's, results the user's. */
function plainMessages(messages: readonly ChatMessage[]): ChatMessage[] {
  const plain: ChatMessage[] = [];
  let afterResult = false;
  for (const { tool_calls: calls = [], tool_call_id, ...message } of messages) {
    const isResult = message.role === 'tool';
    const written = calls.map((call) => writtenCall(call.function.name, onOneLine(call.function.arguments)));
    const texts = isResult ? [`<tool_response>\n${message.content}\n</tool_response>`] : [message.content, ...written];
    const content = texts.filter((text) => text !== '').join('\n');
    const role = isResult ? 'user' : message.role;
    const last = plain.at(-1);
    // Turns alternate in many templates.
    if (afterResult && last && role === 'user')
      plain[plain.length - 1] = { ...last, content: `${last.content}\n${content}` };
    else plain.push({ ...(message.name === undefined || isResult ? {} : { name: message.name }), role, content });
    afterResult = isResult;
  }
  return plain;
}

/** As the answer's grammar has it written, so that the KV cache of that answer is gone on from. */
function onOneLine(value: unknown): string {
  return JSON.stringify(value, null, 1).replaceAll(/,\n */g, ', ').replaceAll(/\n */g, '');
}

function explain(tools: readonly unknown[]): string {
  return [
    'These functions can be called, each given as JSON with a schema of its arguments:',
    ...tools.map((tool) => JSON.stringify(tool)),
    'To call one, write its name and its arguments like this, with nothing behind:',
    writtenCall('NAME', '{"ARGUMENT": "VALUE"}'),
    'The result comes in <tool_response></tool_response>. Call a function only where it helps; otherwise answer in words.',
  ].join('\n');
}
