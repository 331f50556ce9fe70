/** The part of `bencode` that Shoal uses; the package has no types. */
declare module 'bencode' {
  /** Byte strings are `Uint8Array` when decoded; text is encoded as UTF-8. */
  export type Bencoded = number | string | Uint8Array | readonly Bencoded[] | { readonly [key: string]: Bencoded };

  const bencode: {
    encode(value: Bencoded): Uint8Array<ArrayBuffer>;
    decode(bytes: Uint8Array): Bencoded;
  };
  export default bencode;
}
