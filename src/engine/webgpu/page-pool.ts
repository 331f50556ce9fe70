import { pageBytesIn, pagesWithin } from '../../blocks/kv-layout.ts';
import { eachPage, type PagePlan, poolFull } from '../page-plan.ts';
import type { PageMemory } from '../session-table.ts';
import { outOfMemory } from './loader.ts';

/** What sessions take memory from. */
export interface GpuPools {
  /** KV pages. */
  readonly cache: GpuPagePool;
  /** States of layers that have one, a page each; undefined where none has. */
  readonly states: GpuPagePool | undefined;
}

/**
 * Pages that all sessions of a runner share. A page number means the same page in every loaded layer's buffer, so
 * a session needs one page table. Buffers double as pages run out, up to a cap.
 */
export class GpuPagePool implements PageMemory {
  readonly #device: GPUDevice;
  readonly #plan: PagePlan;
  readonly #maxBufferBytes: number;
  /** Of the layers that cache anything. */
  readonly #buffers = new Map<number, GPUBuffer>();
  readonly #free: number[] = [];
  #pages = 0;

  constructor(device: GPUDevice, plan: PagePlan, maxBufferBytes: number) {
    this.#device = device;
    this.#plan = plan;
    this.#maxBufferBytes = maxBufferBytes;
  }

  /** Pages that could still be taken. */
  get freePages(): number {
    return this.#free.length + Math.max(0, this.#maxPages() - this.#pages);
  }

  /** The pages of a loaded layer; undefined for one that caches nothing. */
  buffer(layer: number): GPUBuffer | undefined {
    return this.#buffers.get(layer);
  }

  /** @throws ShoalError `out-of-memory` */
  async addLayers(layers: readonly number[]): Promise<void> {
    // One page, for something to bind: how many fit shows when all shards are loaded and a session begins.
    const pages = Math.max(this.#pages, 1);
    const caching = layers.filter((layer) => this.#plan.pageBytes[layer]! > 0);
    for (const [layer, buffer] of await this.#allocate(caching, pages)) this.#buffers.set(layer, buffer);
    this.#addPages(pages);
  }

  removeLayers(layers: readonly number[]): void {
    for (const layer of layers) {
      this.#buffers.get(layer)?.destroy();
      this.#buffers.delete(layer);
    }
  }

  /**
   * Takes `count` pages.
   * @returns the pages, and whether the layers' buffers are others now
   * @throws ShoalError `out-of-memory` when the cap is reached or the device is full; nothing is taken then
   */
  async take(count: number): Promise<{ readonly pages: number[]; readonly moved: boolean }> {
    const missing = count - this.#free.length;
    if (missing > 0) await this.#grow(missing);
    return { pages: this.#free.splice(0, count), moved: missing > 0 };
  }

  give(pages: readonly number[]): void {
    this.#free.push(...pages);
  }

  async read(layers: readonly number[], pages: readonly number[]): Promise<Uint8Array<ArrayBuffer>> {
    const size = pages.length * pageBytesIn(layers, this.#plan.pageBytes);
    if (size === 0) return new Uint8Array();
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const staging = this.#device.createBuffer({ label: 'pages', size, usage });
    try {
      const encoder = this.#device.createCommandEncoder();
      eachPage(this.#plan, layers, pages, (layer, page, at, bytes) =>
        encoder.copyBufferToBuffer(this.#buffers.get(layer)!, page * bytes, staging, at, bytes),
      );
      this.#device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      return new Uint8Array(staging.getMappedRange().slice(0));
    } finally {
      staging.destroy();
    }
  }

  write(layers: readonly number[], pages: readonly number[], bytes: Uint8Array<ArrayBuffer>): void {
    eachPage(this.#plan, layers, pages, (layer, page, at, size) =>
      this.#device.queue.writeBuffer(this.#buffers.get(layer)!, page * size, bytes, at, size),
    );
  }

  destroy(): void {
    this.removeLayers([...this.#buffers.keys()]);
  }

  #maxPages(): number {
    const layers = [...this.#buffers.keys()];
    const { maxBytes, pageBytes } = this.#plan;
    const perBuffer = layers.map((layer) => pagesWithin(this.#maxBufferBytes, [layer], pageBytes));
    return Math.min(...perBuffer, pagesWithin(maxBytes, layers, pageBytes));
  }

  async #grow(missing: number): Promise<void> {
    const needed = this.#pages + missing;
    if (needed > this.#maxPages()) throw poolFull(this.#plan);
    const pages = Math.min(this.#maxPages(), Math.max(needed, 2 * this.#pages, this.#plan.firstPages));
    const larger = await this.#allocate([...this.#buffers.keys()], pages);
    const encoder = this.#device.createCommandEncoder();
    for (const [layer, buffer] of larger) {
      const bytes = this.#pages * this.#plan.pageBytes[layer]!;
      encoder.copyBufferToBuffer(this.#buffers.get(layer)!, 0, buffer, 0, bytes);
    }
    this.#device.queue.submit([encoder.finish()]);
    for (const [layer, buffer] of larger) {
      this.#buffers.get(layer)?.destroy();
      this.#buffers.set(layer, buffer);
    }
    this.#addPages(pages);
  }

  #addPages(total: number): void {
    for (let page = this.#pages; page < total; page++) this.#free.push(page);
    this.#pages = total;
  }

  async #allocate(layers: readonly number[], pages: number): Promise<[number, GPUBuffer][]> {
    this.#device.pushErrorScope('out-of-memory');
    const { what, pageBytes } = this.#plan;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffers = layers.map((layer): [number, GPUBuffer] => {
      const size = pages * pageBytes[layer]!;
      return [layer, this.#device.createBuffer({ label: `${what} ${layer}`, size, usage })];
    });
    if (await this.#device.popErrorScope()) {
      for (const [, buffer] of buffers) buffer.destroy();
      throw outOfMemory(`${pages} pages of ${what}`);
    }
    return buffers;
  }
}
