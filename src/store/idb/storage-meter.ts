import { Turns } from '../../core/turns.ts';

export interface StorageSpace {
  readonly usedBytes: number;
  /** 0 when the browser does not say. */
  readonly quotaBytes: number;
}

/** How old the browser's answer may get before it is asked again. */
const MAX_AGE_MS = 60_000;

/**
 * What this origin uses and may use. The browser is asked seldom, and never while pieces are stored: Chromium looks at
 * every file of the database to tell, and writes wait meanwhile. Asked four times a second, it tripled a download's time.
 */
export class StorageMeter {
  readonly #writing: () => boolean;
  readonly #lentBytes: () => number | undefined;
  #known: (StorageSpace & { readonly atMs: number }) | undefined;
  #asking: Promise<StorageSpace> | undefined;
  readonly #turns = new Turns();
  /** What each download that is under way still lacks, bytes. */
  readonly #reserved = new Set<() => Promise<number>>();
  /** Stored since the browser was asked. */
  #writtenBytes = 0;

  /**
   * @param writing - whether pieces are being stored now
   * @param lentBytes - what the owner lends of the disk
   */
  constructor(writing: () => boolean, lentBytes: () => number | undefined = () => undefined) {
    this.#writing = writing;
    this.#lentBytes = lentBytes;
  }

  wrote(bytes: number): void {
    this.#writtenBytes += bytes;
  }

  /** What the browser said does not hold any longer. */
  forget(): void {
    this.#known = undefined;
  }

  /** Asks the browser at once: for what is decided by it. */
  async ask(): Promise<StorageSpace> {
    return this.#within(await this.#askBrowser());
  }

  #askBrowser(): Promise<StorageSpace> {
    this.#asking ??= estimate().then((space) => {
      this.#known = { ...space, atMs: performance.now() };
      this.#writtenBytes = 0;
      this.#asking = undefined;
      return space;
    });
    return this.#asking;
  }

  /**
   * Sets room aside for a download, so that those beside it do not count on the same.
   * @param lacking - bytes that it still lacks
   * @param check - throws where there is not enough; told what it needs, and what others still lack
   * @returns to be called when the download is over
   */
  async reserve(
    lacking: () => Promise<number>,
    check: (neededBytes: number, reservedBytes: number) => Promise<void>,
  ): Promise<() => void> {
    const done = await this.#turns.take();
    try {
      const others = await Promise.all([...this.#reserved].map((other) => other()));
      const reservedBytes = others.reduce((sum, bytes) => sum + bytes, 0);
      await check(await lacking(), reservedBytes);
      this.#reserved.add(lacking);
    } finally {
      done();
    }
    return () => this.#reserved.delete(lacking);
  }

  /** As far as the browser says, with what was stored since it said it. */
  async space(): Promise<StorageSpace> {
    const known = this.#known;
    if (!known || (performance.now() - known.atMs > MAX_AGE_MS && !this.#writing())) return this.ask();
    return this.#within({ usedBytes: known.usedBytes + this.#writtenBytes, quotaBytes: known.quotaBytes });
  }

  #within({ usedBytes, quotaBytes }: StorageSpace): StorageSpace {
    const lentBytes = this.#lentBytes();
    if (lentBytes === undefined) return { usedBytes, quotaBytes };
    return { usedBytes, quotaBytes: quotaBytes > 0 ? Math.min(quotaBytes, lentBytes) : lentBytes };
  }
}

async function estimate(): Promise<StorageSpace> {
  // Only secure contexts have it, and a browser that keeps no site data refuses.
  const storage: StorageManager | undefined = navigator.storage;
  const { usage = 0, quota = 0 } = (await storage?.estimate().catch(() => undefined)) ?? {};
  return { usedBytes: usage, quotaBytes: quota };
}
