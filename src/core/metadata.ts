/** A value of a model file's metadata. 64-bit integers arrive as bigint only when they exceed 2^53. */
export type MetadataValue = number | bigint | boolean | string | readonly MetadataValue[];

/** The key-value metadata of a model file, in file order. */
export type Metadata = ReadonlyMap<string, MetadataValue>;
