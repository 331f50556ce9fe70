import { toHex } from '../core/bytes.ts';
import { ShoalError } from '../core/errors.ts';
import type { CheckpointName, RunnerInfo } from './layer-runner.ts';

/**
 * How pages are laid out: f32 pages of 32 positions, of each the layers in order, as `SessionPages` gives them. To be
 * changed with the order of the numbers in a page: what was kept before is then not there.
 */
const LAYOUT = 'pages-1';
const NONCE_BYTES = 12;

/**
 * What makes a checkpoint readable to whoever knows its name, for the same layers of the same model on the same kind of
 * device, and to nobody else: its place in the store is a hash of all that, and so is its key. AES-GCM's tag finds each
 * changed bit.
 */
export class CheckpointSeal {
  /** In the store. */
  readonly id: string;
  readonly #key: CryptoKey;

  private constructor(id: string, key: CryptoKey) {
    this.id = id;
    this.#key = key;
  }

  static async of(
    { name, manifestId, layers }: CheckpointName,
    { kind, adapter }: RunnerInfo,
  ): Promise<CheckpointSeal> {
    // Processors compute the same bits; graphics cards, and drivers, need not.
    const device = kind === 'cpu' ? kind : `${kind} ${adapter}`;
    const what = `${manifestId} ${layers.start}-${layers.end} ${device} ${LAYOUT}`;
    const [id, secret] = await Promise.all([sha256(`place ${name} ${what}`), sha256(`key ${name} ${what}`)]);
    const key = await crypto.subtle.importKey('raw', secret, 'AES-GCM', false, ['encrypt', 'decrypt']);
    return new CheckpointSeal(toHex(id).slice(0, 32), key);
  }

  /** @param where - which part it is, so that none stands in for another */
  async close(where: string, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const sealed = new Uint8Array(await crypto.subtle.encrypt(this.#cipher(nonce, where), this.#key, bytes));
    const whole = new Uint8Array(NONCE_BYTES + sealed.length);
    whole.set(nonce);
    whole.set(sealed, NONCE_BYTES);
    return whole;
  }

  /** @throws ShoalError `hash-mismatch` for anything but what was sealed here */
  async open(where: string, sealed: Uint8Array<ArrayBuffer> | undefined): Promise<Uint8Array<ArrayBuffer>> {
    try {
      const cipher = this.#cipher(sealed!.subarray(0, NONCE_BYTES), where);
      return new Uint8Array(await crypto.subtle.decrypt(cipher, this.#key, sealed!.subarray(NONCE_BYTES)));
    } catch (cause) {
      throw new ShoalError('hash-mismatch', `The checkpoint's ${where} is damaged, or gone.`, { cause });
    }
  }

  #cipher(iv: Uint8Array<ArrayBuffer>, where: string): AesGcmParams {
    return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(where) };
  }
}

async function sha256(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}
