import { readFile } from 'node:fs/promises';
import { ShoalError } from '../src/core/errors.ts';
import { BUILT_IN_TEMPLATES } from '../src/tokenizer/built-in-templates.ts';
import { ChatTemplate } from '../src/tokenizer/chat-template.ts';

const NAMES = Object.keys(BUILT_IN_TEMPLATES).join(', ');

/** What `--chat-template` takes, for the commands' help. */
export const CHAT_TEMPLATE_OPTION = {
  type: 'string',
  valueHint: 'TEMPLATE',
  description: `Chat format instead of the file's, or where it has none: ${NAMES}, or a file with a Jinja template. Without any, the model completes text only`,
} as const;

/**
 * The Jinja template that a person means.
 * @param text - of the option: a name, or a file's path; undefined for the file's own template
 * @throws ShoalError `bad-request` when it is neither, or no Jinja
 */
export async function readChatTemplate(text: string | undefined): Promise<string | undefined> {
  if (text === undefined) return undefined;
  const template = await templateOf(text);
  try {
    new ChatTemplate(template, {}).check();
  } catch (cause) {
    throw new ShoalError('bad-request', `--chat-template ${text}: ${ShoalError.from(cause).message}`, { cause });
  }
  return template;
}

async function templateOf(text: string): Promise<string> {
  if (Object.hasOwn(BUILT_IN_TEMPLATES, text)) return BUILT_IN_TEMPLATES[text as keyof typeof BUILT_IN_TEMPLATES];
  try {
    return await readFile(text, 'utf8');
  } catch (cause) {
    throw new ShoalError(
      'bad-request',
      `--chat-template is "${text}": no file that can be read, and no name. Names: ${NAMES}.`,
      { cause },
    );
  }
}
