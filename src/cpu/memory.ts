import { ShoalError } from '../core/errors.ts';

/** WebAssembly's page. */
const PAGE_BYTES = 65_536;
/** All that 32-bit addresses reach. */
export const MAX_MEMORY_BYTES = 65_536 * PAGE_BYTES;
/** A cache line; also what vectors and atomics want. */
const ALIGNMENT = 64;

interface Region {
  address: number;
  bytes: number;
}

/** Hands out pieces of one WebAssembly memory, which grows as need be. Memory never shrinks; freed pieces are used again. */
export class CpuMemory {
  readonly memory: WebAssembly.Memory;
  /** By address; neighbours are joined. */
  readonly #free: Region[] = [];
  readonly #taken = new Map<number, number>();
  /** Address 0 stands for nothing. */
  #end = ALIGNMENT;

  /** @param shared - whether several threads are to use it */
  constructor(shared: boolean) {
    const maximum = MAX_MEMORY_BYTES / PAGE_BYTES;
    this.memory = new WebAssembly.Memory(shared ? { initial: 1, maximum, shared } : { initial: 1 });
  }

  /** Handed out so far, freed pieces among them. */
  get usedBytes(): number {
    return this.#end;
  }

  /**
   * Zeroed bytes at an address that is a multiple of 64.
   * @throws ShoalError `out-of-memory`
   */
  allocate(wanted: number): number {
    const bytes = Math.ceil(wanted / ALIGNMENT) * ALIGNMENT;
    const address = this.#reuse(bytes) ?? this.#extend(bytes);
    this.#taken.set(address, bytes);
    return address;
  }

  free(address: number): void {
    const bytes = this.#taken.get(address);
    if (bytes === undefined) return;
    this.#taken.delete(address);
    const after = this.#free.findIndex((region) => region.address > address);
    const at = after < 0 ? this.#free.length : after;
    this.#free.splice(at, 0, { address, bytes });
    this.#join(at);
    if (at > 0) this.#join(at - 1);
  }

  /** Views are to be used at once: growing the memory ends them. */
  bytes(address: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#buffer, address, length);
  }

  words(address: number, length: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.#buffer, address, length);
  }

  floats(address: number, length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#buffer, address, length);
  }

  /** Shared or not, to TypeScript it is the same here: nothing takes these views away from this thread. */
  get #buffer(): ArrayBuffer {
    return this.memory.buffer;
  }

  #reuse(bytes: number): number | undefined {
    const index = this.#free.findIndex((region) => region.bytes >= bytes);
    const region = this.#free[index];
    if (!region) return undefined;
    const { address } = region;
    region.address += bytes;
    region.bytes -= bytes;
    if (region.bytes === 0) this.#free.splice(index, 1);
    this.bytes(address, bytes).fill(0);
    return address;
  }

  #extend(bytes: number): number {
    const address = this.#end;
    const missing = address + bytes - this.memory.buffer.byteLength;
    if (missing > 0) this.#grow(missing);
    this.#end += bytes;
    return address;
  }

  #grow(bytes: number): void {
    try {
      this.memory.grow(Math.ceil(bytes / PAGE_BYTES));
    } catch (cause) {
      const mib = Math.ceil(this.#end / 2 ** 20);
      throw new ShoalError(
        'out-of-memory',
        `This browser gives no more than the ${mib} MiB of memory that the model takes here already. Load fewer shards.`,
        { cause },
      );
    }
  }

  #join(index: number): void {
    const [left, right] = [this.#free[index]!, this.#free[index + 1]];
    if (!right || left.address + left.bytes !== right.address) return;
    left.bytes += right.bytes;
    this.#free.splice(index + 1, 1);
  }
}
