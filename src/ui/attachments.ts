import { ShoalError } from '../core/errors.ts';
import { words } from '../words/words.ts';

/** A file whose text goes with a prompt. */
export interface Attachment {
  readonly name: string;
  readonly text: string;
}

/** More characters than the longest context of today's models has. */
const MAX_BYTES = 2_000_000;

/** @throws ShoalError `limit-exceeded`, `bad-request` for what is no text, both in the reader's language */
export async function readAttachment(file: File): Promise<Attachment> {
  const { name, size } = file;
  if (size > MAX_BYTES) throw new ShoalError('limit-exceeded', words().notices.tooLarge(name));
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
    if (!text.includes('\0')) return { name, text };
  } catch {
    // Said below.
  }
  throw new ShoalError('bad-request', words().notices.noText(name));
}

/** The prompt as the model reads it: each file by its name, in a fence that nothing in it closes, then the question. */
export function withAttachments(prompt: string, attachments: readonly Attachment[]): string {
  const files = attachments.map(({ name, text }) => {
    const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([fence]) => fence.length));
    const fence = '`'.repeat(longest + 1);
    return `${name}:\n${fence}\n${text.replace(/\n$/, '')}\n${fence}`;
  });
  return [...files, prompt.trim()].filter(Boolean).join('\n\n');
}
