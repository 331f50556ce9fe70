/** What must be on the device before the commands run that read it. */
interface Upload {
  upload(): void;
}

interface Part {
  readonly commands: GPUCommandEncoder;
  readonly encoder: GPUComputePassEncoder;
}

/** One task's compute commands, given to the device part by part: it begins while the rest is encoded. */
export class Submission {
  readonly #device: GPUDevice;
  readonly #upload: Upload;
  #part: Part | undefined;

  constructor(device: GPUDevice, upload: Upload) {
    this.#device = device;
    this.#upload = upload;
  }

  /** Where the next commands go; another after each `submit`. */
  get encoder(): GPUComputePassEncoder {
    return this.#current().encoder;
  }

  /** @param encodeCopies - adds what follows the part's computations */
  submit(encodeCopies?: (commands: GPUCommandEncoder) => void): void {
    const { commands, encoder } = this.#current();
    this.#part = undefined;
    encoder.end();
    encodeCopies?.(commands);
    this.#upload.upload();
    this.#device.queue.submit([commands.finish()]);
  }

  #current(): Part {
    if (!this.#part) {
      const commands = this.#device.createCommandEncoder();
      this.#part = { commands, encoder: commands.beginComputePass() };
    }
    return this.#part;
  }
}
