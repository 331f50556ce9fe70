import type { IncomingMessage } from 'node:http';
import * as v from 'valibot';
import { fieldName } from '../../../src/api/field-name.ts';
import { MAX_BODY_BYTES } from '../limits.ts';
import { HttpError } from './http-error.ts';

/** A JSON object as a client sent it. */
export type RequestBody = Readonly<Record<string, unknown>>;

/**
 * Reads a request's body.
 * @throws HttpError 400 unless it is a JSON object, 413 over `MAX_BODY_BYTES`, 415 unless it says that it is JSON
 */
export async function readBody(request: IncomingMessage): Promise<RequestBody> {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = request.headers;
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw new HttpError(415, `The body's Content-Type is "${type}"; send JSON as application/json.`);
  if (encoding !== 'identity')
    throw new HttpError(415, `The body's Content-Encoding "${encoding}" is not supported. Send it uncompressed.`);
  const value = parse(await readText(request));
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new HttpError(400, 'The body is no JSON object; send one with the fields of the request.');
  return value as RequestBody;
}

async function readText(request: IncomingMessage): Promise<string> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLarge(): HttpError {
  return new HttpError(413, `The body has more than ${MAX_BODY_BYTES} bytes, which no model's context holds.`);
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    // A value that is nested too deep to be written cannot be handed on.
    JSON.stringify(value);
    return value;
  } catch (error) {
    const why = error instanceof RangeError ? 'it is nested too deep' : (error as Error).message;
    throw new HttpError(400, `The body cannot be read as JSON: ${why}.`);
  }
}

/**
 * A body's fields, checked; null counts as left out, as clients write it.
 * @throws HttpError 400 naming the field; also for a field that the schema does not know
 */
export function checked<Schema extends v.GenericSchema>(schema: Schema, body: RequestBody): v.InferOutput<Schema> {
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  const { success, issues, output } = v.safeParse(schema, given, { abortEarly: true });
  if (success) return output;
  const [issue] = issues!;
  const param = fieldName(issue);
  if (issue.type === 'strict_object' && issue.expected === 'never')
    throw new HttpError(400, `The request's "${param}" is not supported. Leave it out of the request.`, { param });
  throw new HttpError(400, `The request's "${param}" is wrong: ${issue.message}.`, { param });
}

/** Whether a body asks for a stream. @throws HttpError 400 unless it says true, false or nothing */
export function wantsStream({ stream }: RequestBody): boolean {
  if (stream === undefined || stream === null || typeof stream === 'boolean') return stream === true;
  throw new HttpError(400, 'The request\'s "stream" is wrong: expected true or false.', { param: 'stream' });
}
