/** Bounds of a model file's header: a file that exceeds one is corrupt or hostile, and is refused unread. */

/** Metadata entries: most files have 20 to 60, some quantisers write one for each tensor, of which there may be so many. */
export const MAX_METADATA_ENTRIES = 1 << 16;
/** A key, bytes. Source: the GGUF specification. */
export const MAX_KEY_BYTES = 65_535;
/** One string, bytes: the longest real ones are chat templates, tens of kilobytes. */
export const MAX_STRING_BYTES = 16 * 1024 * 1024;
/** Elements of one array: merges and tokens of the largest vocabularies stay under a million. */
export const MAX_ARRAY_LENGTH = 1 << 24;
/** Arrays within arrays: the format allows it, no known file nests even once. */
export const MAX_ARRAY_DEPTH = 4;
/** Tensors: a model of 128 layers with 64 unmerged experts each has 25,000. */
export const MAX_TENSORS = 1 << 16;
/** Dimensions of a tensor. Source: ggml's `GGML_MAX_DIMS`. */
export const MAX_DIMENSIONS = 4;
/** A tensor's name, bytes. Source: ggml's `GGML_MAX_NAME`, less its final zero. */
export const MAX_TENSOR_NAME_BYTES = 63;
/** Alignment of tensor data: 32 everywhere, a memory page at most. */
export const MAX_ALIGNMENT = 65_536;
/** Header, metadata and tensor table: the largest vocabularies take about 16 MiB. */
export const MAX_HEADER_BYTES = 256 * 1024 * 1024;
