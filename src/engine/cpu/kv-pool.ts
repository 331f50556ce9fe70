import { PAGE_TOKENS, pagesWithin } from '../../blocks/kv-layout.ts';
import { ShoalError } from '../../core/errors.ts';
import type { CpuMemory } from '../../cpu/memory.ts';
import { FIRST_KV_PAGES } from '../limits.ts';

/** Some pages of every layer. */
interface Slab {
  readonly firstPage: number;
  readonly pages: number;
  /** By layer. */
  readonly addresses: Map<number, number>;
}

/** The KV pages that all sessions of a runner share: a page number means a page in every loaded layer. Grows by slabs. */
export class CpuKvPool {
  readonly #memory: CpuMemory;
  /** By layer. */
  readonly #pageBytes: readonly number[];
  readonly #maxBytes: number;
  readonly #layers = new Set<number>();
  readonly #slabs: Slab[] = [];
  readonly #free: number[] = [];
  #pages = 0;

  /** @param pageBytes - of each of the model's layers, see `layerPageBytes` */
  constructor(memory: CpuMemory, pageBytes: readonly number[], maxBytes: number) {
    this.#memory = memory;
    this.#pageBytes = pageBytes;
    this.#maxBytes = maxBytes;
  }

  /** Positions that could still be cached. */
  get freeTokens(): number {
    return (this.#free.length + Math.max(0, this.#maxPages() - this.#pages)) * PAGE_TOKENS;
  }

  /** @throws ShoalError `out-of-memory` */
  addLayers(layers: readonly number[]): void {
    for (const layer of layers) this.#layers.add(layer);
    for (const slab of this.#slabs) this.#fill(slab, layers);
  }

  removeLayers(layers: readonly number[]): void {
    for (const layer of layers) {
      this.#layers.delete(layer);
      for (const { addresses } of this.#slabs) {
        const address = addresses.get(layer);
        if (address !== undefined) this.#memory.free(address);
        addresses.delete(layer);
      }
    }
  }

  /**
   * Takes `count` pages.
   * @throws ShoalError `out-of-memory` when the cap is reached; nothing is taken then
   */
  take(count: number): number[] {
    while (this.#free.length < count) this.#grow(count - this.#free.length);
    return this.#free.splice(0, count);
  }

  give(pages: readonly number[]): void {
    this.#free.push(...pages);
  }

  /** Where a layer's page lies; 0 in a layer that caches nothing. */
  address(layer: number, page: number): number {
    const slab = this.#slabs.findLast(({ firstPage }) => firstPage <= page)!;
    const first = slab.addresses.get(layer);
    return first === undefined ? 0 : first + (page - slab.firstPage) * this.#pageBytes[layer]!;
  }

  #maxPages(): number {
    return pagesWithin(this.#maxBytes, this.#layers, this.#pageBytes);
  }

  #grow(missing: number): void {
    const room = this.#maxPages() - this.#pages;
    if (missing > room) {
      throw new ShoalError(
        'out-of-memory',
        `This node's KV cache holds ${this.#maxPages() * PAGE_TOKENS} tokens and is full. Close a conversation, or choose another node.`,
      );
    }
    const slab = { firstPage: this.#pages, pages: Math.min(room, FIRST_KV_PAGES), addresses: new Map() };
    this.#fill(slab, [...this.#layers]);
    this.#slabs.push(slab);
    for (let page = 0; page < slab.pages; page++) this.#free.push(this.#pages++);
  }

  /** Gives these layers memory in a slab, all of them or none. */
  #fill({ pages, addresses }: Slab, layers: readonly number[]): void {
    const taken: number[] = [];
    try {
      for (const layer of layers) {
        if (this.#pageBytes[layer] === 0) continue;
        const address = this.#memory.allocate(pages * this.#pageBytes[layer]!);
        taken.push(layer);
        addresses.set(layer, address);
      }
    } catch (error) {
      for (const layer of taken) {
        this.#memory.free(addresses.get(layer)!);
        addresses.delete(layer);
      }
      throw error;
    }
  }
}
