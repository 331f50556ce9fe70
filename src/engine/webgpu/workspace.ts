import { PAGE_TOKENS } from '../../blocks/kv-layout.ts';
import { type Activation, createActivation } from '../../gpu/activation.ts';
import type { GpuDevice } from '../../gpu/device.ts';
import { selectTasks } from '../../gpu/ops/select.ts';
import { pageTableBytes } from '../../gpu/page-table.ts';
import { RESULT_WORDS } from '../../gpu/result-layout.ts';
import { stateTableBytes } from '../../gpu/state-table.ts';
import { TaskBuffer } from '../../gpu/task-buffer.ts';
import { tuningFor } from '../../gpu/tuning.ts';
import { modelHeads, modelLayers, modelRotations } from '../../model/architectures.ts';
import { everySlot, type Slot, slotWidth, widestHead } from '../../model/graph.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import { MAX_WANTED_IDS } from '../../protocol/limits.ts';
import { MAX_BATCH_TASKS } from '../layer-runner.ts';
import { LOGIT_ROWS } from '../limits.ts';

export type TaskRegion = 'pages' | 'states' | 'ids' | 'wanted' | 'angles' | 'mask';

/** The buffers that every task of a runner uses, one task at a time. T is the runner's `maxTaskTokens`. */
export interface Workspace {
  readonly maxTokens: number;
  readonly tasks: TaskBuffer<TaskRegion>;
  /** `[T, …]` each. */
  readonly slots: Readonly<Record<Slot, Activation>>;
  /** Floats of one rotation in a row of angles, and of a row, which has all that the architecture's layers rotate by. */
  readonly rotationSize: number;
  readonly angleStride: number;
  /** `[LOGIT_ROWS, V]` */
  readonly logits: Activation;
  /** `[T, RESULT_WORDS]` */
  readonly results: GPUBuffer;
}

export function createWorkspace(gpu: GpuDevice, model: Hyperparameters, maxTokens: number): Workspace {
  const { device } = gpu;
  const { vocabularySize, contextLength } = model;
  const layers = modelLayers(model);
  const rotationSize = widestHead(modelHeads(model));
  const angleStride = modelRotations(model).length * rotationSize;
  const batches = Math.ceil(maxTokens / LOGIT_ROWS);
  return {
    maxTokens,
    rotationSize,
    angleStride,
    tasks: new TaskBuffer(device, 1 + batches * (1 + selectTasks(vocabularySize, tuningFor(gpu).selectChunk)), {
      pages: pageTableBytes(maxTokens, MAX_BATCH_TASKS * Math.ceil(contextLength / PAGE_TOKENS)),
      states: stateTableBytes(MAX_BATCH_TASKS),
      ids: maxTokens * 4,
      wanted: MAX_WANTED_IDS * 4,
      angles: maxTokens * angleStride * 4,
      mask: Math.ceil(vocabularySize / 32) * 4,
    }),
    slots: everySlot((slot) => createActivation(device, slot, maxTokens, slotWidth(slot, model, layers))),
    logits: createActivation(device, 'logits', LOGIT_ROWS, vocabularySize),
    results: device.createBuffer({
      label: 'results',
      size: maxTokens * RESULT_WORDS * 4,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
    }),
  };
}
