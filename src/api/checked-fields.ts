import * as v from 'valibot';
import { ShoalError } from '../core/errors.ts';
import { fieldName } from './field-name.ts';

/** What a schema makes of a request. @throws ShoalError `bad-request` naming the field, what was expected and what was found */
export function checkedFields<Schema extends v.GenericSchema>(schema: Schema, request: unknown): v.InferOutput<Schema> {
  const { success, issues, output } = v.safeParse(schema, request, { abortEarly: true });
  if (success) return output;
  const [issue] = issues!;
  const field = fieldName(issue);
  if (issue.type === 'strict_object' && issue.expected === 'never')
    throw new ShoalError('bad-request', `The request's "${field}" is not supported. Leave it out of the request.`);
  throw new ShoalError('bad-request', `The request's "${field}" is wrong: ${issue.message}.`);
}
