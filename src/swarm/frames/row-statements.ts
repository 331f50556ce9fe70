import { fromHex, toHex } from '../../core/bytes.ts';
import type { Transport } from '../../net/transport.ts';
import type { RowStatement, SignedRows } from '../../protocol/commands.ts';

/**
 * What stages say of the rows of a session, signed with the key of their peer id: so that a third can be shown what a
 * stage has said, and nobody can make it up.
 */
export class RowStatements {
  readonly #transport: Pick<Transport, 'sign' | 'isSignedBy'>;
  readonly #manifestId: string;

  /** @param manifestId - of the model that the statements are of */
  constructor(transport: Pick<Transport, 'sign' | 'isSignedBy'>, manifestId: string) {
    this.#transport = transport;
    this.#manifestId = manifestId;
  }

  async sign(statement: RowStatement): Promise<SignedRows> {
    return { ...statement, signature: toHex(await this.#transport.sign(this.#bytes(statement))) };
  }

  isBy(peerId: string, { signature, ...statement }: SignedRows): Promise<boolean> {
    return this.#transport.isSignedBy(peerId, this.#bytes(statement), fromHex(signature));
  }

  #bytes({ session, layers, length, rows_in, rows_out }: RowStatement): Uint8Array {
    const { start, end } = layers;
    const fields = [this.#manifestId, session, start, end, length, rows_in, rows_out];
    return new TextEncoder().encode(`shoal rows 1\n${JSON.stringify(fields)}`);
  }
}
