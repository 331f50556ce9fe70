import { PAGE_TOKENS, pagesWithin } from '../../blocks/kv-layout.ts';
import { ShoalError } from '../../core/errors.ts';
import { FIRST_KV_PAGES } from '../limits.ts';
import { outOfMemory } from './loader.ts';

/**
 * The KV pages that all sessions of a runner share. A page number means the same page in every loaded layer's buffer, so
 * a session needs one page table. Buffers double as pages run out, up to a cap.
 */
export class GpuKvPool {
  readonly #device: GPUDevice;
  /** By layer. */
  readonly #pageBytes: readonly number[];
  readonly #maxBytes: number;
  readonly #maxBufferBytes: number;
  /** Of the layers that cache anything. */
  readonly #buffers = new Map<number, GPUBuffer>();
  readonly #free: number[] = [];
  #pages = 0;

  /** @param pageBytes - of each of the model's layers, see `layerPageBytes` */
  constructor(device: GPUDevice, pageBytes: readonly number[], maxBytes: number, maxBufferBytes: number) {
    this.#device = device;
    this.#pageBytes = pageBytes;
    this.#maxBytes = maxBytes;
    this.#maxBufferBytes = maxBufferBytes;
  }

  /** Positions that could still be cached. */
  get freeTokens(): number {
    return (this.#free.length + Math.max(0, this.#maxPages() - this.#pages)) * PAGE_TOKENS;
  }

  /** The pages of a loaded layer; undefined for one that caches nothing. */
  buffer(layer: number): GPUBuffer | undefined {
    return this.#buffers.get(layer);
  }

  /** @throws ShoalError `out-of-memory` */
  async addLayers(layers: readonly number[]): Promise<void> {
    // One page, for something to bind: how many fit shows when all shards are loaded and a session begins.
    const pages = Math.max(this.#pages, 1);
    const caching = layers.filter((layer) => this.#pageBytes[layer]! > 0);
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

  destroy(): void {
    this.removeLayers([...this.#buffers.keys()]);
  }

  #maxPages(): number {
    const layers = [...this.#buffers.keys()];
    const perBuffer = layers.map((layer) => pagesWithin(this.#maxBufferBytes, [layer], this.#pageBytes));
    return Math.min(...perBuffer, pagesWithin(this.#maxBytes, layers, this.#pageBytes));
  }

  async #grow(missing: number): Promise<void> {
    const needed = this.#pages + missing;
    if (needed > this.#maxPages()) {
      throw new ShoalError(
        'out-of-memory',
        `This node's KV cache holds ${this.#maxPages() * PAGE_TOKENS} tokens and is full. Close a conversation, or choose another node.`,
      );
    }
    const pages = Math.min(this.#maxPages(), Math.max(needed, 2 * this.#pages, FIRST_KV_PAGES));
    const larger = await this.#allocate([...this.#buffers.keys()], pages);
    const encoder = this.#device.createCommandEncoder();
    for (const [layer, buffer] of larger) {
      encoder.copyBufferToBuffer(this.#buffers.get(layer)!, 0, buffer, 0, this.#pages * this.#pageBytes[layer]!);
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
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffers = layers.map((layer): [number, GPUBuffer] => [
      layer,
      this.#device.createBuffer({ label: `KV ${layer}`, size: pages * this.#pageBytes[layer]!, usage }),
    ]);
    if (await this.#device.popErrorScope()) {
      for (const [, buffer] of buffers) buffer.destroy();
      throw outOfMemory(`${pages * PAGE_TOKENS} tokens of KV cache`);
    }
    return buffers;
  }
}
