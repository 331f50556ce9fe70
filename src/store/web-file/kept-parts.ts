/** Where files of the web, and the parts of unfinished ones, are kept in this site's Cache Storage. */
const CACHE_NAME = 'shoal-models';

/** What is known of a part beside its bytes. */
export interface PartFacts {
  /** Of the whole file; undefined where the server does not let the page see it. */
  readonly totalBytes: number | undefined;
  /** The server gives no parts: this is the whole file. */
  readonly isWhole: boolean;
  /** By which a server tells that the file is another now; undefined where it does not. */
  readonly version: string | undefined;
}

export interface Part extends PartFacts {
  readonly blob: Blob;
}

const TOTAL = 'x-shoal-total';
const WHOLE = 'x-shoal-whole';
const VERSION = 'x-shoal-version';

/** The parts of one file, each under an address of its own: a fetch that broke off goes on where it was. */
export class KeptParts {
  readonly #cache: Cache;
  readonly #url: string;

  private constructor(cache: Cache, url: string) {
    this.#cache = cache;
    this.#url = url;
  }

  /** @returns undefined where this browser keeps nothing */
  static async open({ origin, pathname, search }: URL): Promise<KeptParts | undefined> {
    try {
      const cache = await globalThis.caches.open(CACHE_NAME);
      return new KeptParts(cache, `${origin}${pathname}${search}${search ? '&' : '?'}shoal-part=`);
    } catch {
      return undefined;
    }
  }

  /** The part that begins at `offset`. */
  async find(offset: number): Promise<Part | undefined> {
    const response = await this.#cache.match(this.#url + offset);
    if (!response) return undefined;
    const { headers } = response;
    const total = headers.get(TOTAL);
    return {
      blob: await response.blob(),
      totalBytes: total === null ? undefined : Number(total),
      isWhole: headers.has(WHOLE),
      version: headers.get(VERSION) ?? undefined,
    };
  }

  /**
   * Writes a part as it comes, all of it or nothing. @returns its bytes, as they lie in storage
   * @throws DOMException `QuotaExceededError`; as the stream
   */
  async keep(
    offset: number,
    body: ReadableStream<Uint8Array>,
    { totalBytes, isWhole, version }: PartFacts,
  ): Promise<Blob> {
    const headers = {
      ...(totalBytes === undefined ? {} : { [TOTAL]: String(totalBytes) }),
      ...(isWhole ? { [WHOLE]: '1' } : {}),
      ...(version === undefined ? {} : { [VERSION]: version }),
    };
    await this.#cache.put(
      this.#url + offset,
      new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>, { headers }),
    );
    return (await this.#cache.match(this.#url + offset))!.blob();
  }

  async delete(): Promise<void> {
    const requests = await this.#cache.keys();
    const own = requests.filter(({ url }) => url.startsWith(this.#url));
    await Promise.all(own.map((request) => this.#cache.delete(request)));
  }
}
