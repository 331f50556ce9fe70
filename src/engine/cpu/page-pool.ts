import { pageBytesIn, pagesWithin } from '../../blocks/kv-layout.ts';
import type { CpuMemory } from '../../cpu/memory.ts';
import { eachPage, type PagePlan, poolFull } from '../page-plan.ts';
import type { PageMemory } from '../session-table.ts';

/** What sessions take memory from. */
export interface CpuPools {
  /** KV pages. */
  readonly cache: CpuPagePool;
  /** States of layers that have one, a page each; undefined where none has. */
  readonly states: CpuPagePool | undefined;
}

/** Some pages of every layer. */
interface Slab {
  readonly firstPage: number;
  readonly pages: number;
  /** By layer. */
  readonly addresses: Map<number, number>;
}

/** Pages that all sessions of a runner share: a page number means a page in every loaded layer. Grows by slabs. */
export class CpuPagePool implements PageMemory {
  readonly #memory: CpuMemory;
  readonly #plan: PagePlan;
  readonly #layers = new Set<number>();
  readonly #slabs: Slab[] = [];
  readonly #free: number[] = [];
  #pages = 0;

  constructor(memory: CpuMemory, plan: PagePlan) {
    this.#memory = memory;
    this.#plan = plan;
  }

  /** Pages that could still be taken. */
  get freePages(): number {
    return this.#free.length + Math.max(0, this.#maxPages() - this.#pages);
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

  /** Where a layer's page lies; 0 in a layer that has none. */
  address(layer: number, page: number): number {
    const slab = this.#slabs.findLast(({ firstPage }) => firstPage <= page)!;
    const first = slab.addresses.get(layer);
    return first === undefined ? 0 : first + (page - slab.firstPage) * this.#plan.pageBytes[layer]!;
  }

  read(layers: readonly number[], pages: readonly number[]): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(pages.length * pageBytesIn(layers, this.#plan.pageBytes));
    eachPage(this.#plan, layers, pages, (layer, page, at, size) =>
      bytes.set(this.#memory.bytes(this.address(layer, page), size), at),
    );
    return bytes;
  }

  write(layers: readonly number[], pages: readonly number[], bytes: Uint8Array<ArrayBuffer>): void {
    eachPage(this.#plan, layers, pages, (layer, page, at, size) =>
      this.#memory.bytes(this.address(layer, page), size).set(bytes.subarray(at, at + size)),
    );
  }

  #maxPages(): number {
    const { maxBytes, pageBytes } = this.#plan;
    return pagesWithin(maxBytes, this.#layers, pageBytes);
  }

  #grow(missing: number): void {
    const room = this.#maxPages() - this.#pages;
    if (missing > room) {
      throw poolFull(this.#plan);
    }
    const slab = { firstPage: this.#pages, pages: Math.min(room, this.#plan.firstPages), addresses: new Map() };
    this.#fill(slab, [...this.#layers]);
    this.#slabs.push(slab);
    for (let page = 0; page < slab.pages; page++) this.#free.push(this.#pages++);
  }

  /** Gives these layers memory in a slab, all of them or none. */
  #fill({ pages, addresses }: Slab, layers: readonly number[]): void {
    const taken: number[] = [];
    try {
      for (const layer of layers) {
        const bytes = this.#plan.pageBytes[layer]!;
        if (bytes === 0) continue;
        const address = this.#memory.allocate(pages * bytes);
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
