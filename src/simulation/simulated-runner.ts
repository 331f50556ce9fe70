import type { LayerRunner, StageTask } from '../engine/layer-runner.ts';
import type { Hyperparameters } from '../model/hyperparameters.ts';
import type { Device } from './devices.ts';
import { PretendRunner } from './pretend-runner.ts';
import { ScriptedSession } from './scripted-session.ts';

/** Rows of a prompt share the reading of the weights: so many cost as much as one. */
const ROWS_AT_ONCE = 8;
/** Of a task on a real device too: a prompt goes through the stages in parts. */
const MAX_TASK_TOKENS = 64;

export interface SimulatedRunnerOptions extends Pick<Device, 'kind' | 'layersPerSecond'> {
  readonly lies: boolean;
}

/** Layers of the scripted model, at a device's speed. */
export function simulatedRunner(
  hyperparameters: Hyperparameters,
  { kind, layersPerSecond, lies }: SimulatedRunnerOptions,
): LayerRunner {
  const timeOf = ({ layers, input }: StageTask) => {
    const rows = input.dtype === 'u32' ? input.ids.length : input.hidden.length / hyperparameters.width;
    return (1000 * (layers.end - layers.start) * Math.ceil(rows / ROWS_AT_ONCE)) / layersPerSecond;
  };
  return new PretendRunner(hyperparameters, {
    openSession: (layers) => new ScriptedSession({ layers, lies }),
    computeMs: (tasks) => Math.max(...tasks.map(timeOf)),
    info: { kind, adapter: 'a simulated device', software: false, maxTaskTokens: MAX_TASK_TOKENS },
  });
}
