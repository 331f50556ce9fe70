/** Brings bytes from the device to the CPU, one copy and one map a task. */
export class Readback {
  readonly #buffer: GPUBuffer;

  /** @param maxBytes - the most that one task reads */
  constructor(device: GPUDevice, maxBytes: number) {
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    this.#buffer = device.createBuffer({ label: 'readback', size: maxBytes, usage });
  }

  /** Encodes the copy of the first `bytes` of `source`. */
  copy(commands: GPUCommandEncoder, source: GPUBuffer, bytes: number): void {
    commands.copyBufferToBuffer(source, 0, this.#buffer, 0, bytes);
  }

  /** The copied bytes, once what was submitted is done. */
  async read(bytes: number): Promise<ArrayBuffer> {
    await this.#buffer.mapAsync(GPUMapMode.READ, 0, bytes);
    const copy = this.#buffer.getMappedRange(0, bytes).slice(0);
    this.#buffer.unmap();
    return copy;
  }
}
