import { ShoalError } from '../../core/errors.ts';
import { fitSchema } from '../../grammar/json-schema.ts';

/**
 * A request's JSON schema as answers are held to it, as text.
 * @param schema - parsed
 * @param field - of the request, for errors
 * @param maxCounted - the longest `minLength` and `maxLength` to which texts are held, unless strictly
 * @throws ShoalError `bad-request` where it is to be held strictly and says what no grammar can
 */
export function heldSchema(
  schema: unknown,
  strict: boolean | null | undefined,
  field: string,
  maxCounted?: number,
): string {
  const fitted = fitSchema(schema, strict ? undefined : maxCounted);
  if (strict && fitted.unheld !== undefined)
    throw new ShoalError(
      'bad-request',
      `The request's "${field}" has "${fitted.unheld}", to which answers cannot be held. Leave it out, or set "strict" to false and check what comes.`,
    );
  return JSON.stringify(fitted.schema);
}
