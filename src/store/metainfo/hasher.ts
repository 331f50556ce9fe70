/** A hash of bytes as they go by. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** The hash of what has gone by since the beginning, or since the last `digest`. */
  digest(): Uint8Array;
}

/** Node's own hashes are many times as fast as those in WebAssembly; a browser hashes whole buffers only. */
export async function createHasher(algorithm: 'sha1' | 'sha256'): Promise<Hasher> {
  const crypto = globalThis.process?.getBuiltinModule?.('node:crypto');
  if (crypto) {
    let hash = crypto.createHash(algorithm);
    return {
      update: (bytes) => void hash.update(bytes),
      digest: () => {
        const digest = hash.digest();
        hash = crypto.createHash(algorithm);
        return new Uint8Array(digest);
      },
    };
  }
  // Nobody needs it before there are bytes of a shard.
  const { createSHA1, createSHA256 } = await import('hash-wasm');
  const hasher = (await { sha1: createSHA1, sha256: createSHA256 }[algorithm]()).init();
  return {
    update: (bytes) => void hasher.update(bytes),
    digest: () => {
      const digest = hasher.digest('binary');
      hasher.init();
      return digest;
    },
  };
}
