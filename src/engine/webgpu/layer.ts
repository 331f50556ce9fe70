import type { GpuContext, Op } from '../../gpu/context.ts';
import { createAttention } from '../../gpu/ops/attention.ts';
import { createMultiply } from '../../gpu/ops/multiply.ts';
import { createRmsNorm } from '../../gpu/ops/rms-norm.ts';
import { createRopeKv } from '../../gpu/ops/rope-kv.ts';
import { createSwiglu } from '../../gpu/ops/swiglu.ts';
import type { Hyperparameters } from '../../protocol/manifest.ts';
import type { LayerWeights } from '../weights.ts';
import type { Workspace } from './workspace.ts';

/**
 * One transformer layer on the workspace's hidden states: attention and feed-forward, each normed before and added after.
 * @param cache - the layer's KV pages
 */
export async function createLayer(
  context: GpuContext,
  model: Hyperparameters,
  weights: LayerWeights,
  workspace: Workspace,
  cache: GPUBuffer,
): Promise<Op> {
  const { tasks, hidden, normed, qkv, attended, gateUp, gated } = workspace;
  const { pages, angles } = tasks.regions;
  const epsilon = model.rmsEpsilon;
  const ops = await Promise.all([
    createRmsNorm(context, { weights: weights.attnNorm, x: hidden, y: normed, epsilon }),
    createMultiply(context, { matrix: weights.qkv, x: normed, y: qkv, add: false }),
    createRopeKv(context, { heads: model, angles, pages, qkv, cache }),
    createAttention(context, { heads: model, qkv, cache, pages, y: attended }),
    createMultiply(context, { matrix: weights.attnOutput, x: attended, y: hidden, add: true }),
    createRmsNorm(context, { weights: weights.ffnNorm, x: hidden, y: normed, epsilon }),
    createMultiply(context, { matrix: weights.gateUp, x: normed, y: gateUp, add: false }),
    createSwiglu(context, { x: gateUp, y: gated }),
    createMultiply(context, { matrix: weights.down, x: gated, y: hidden, add: true }),
  ]);
  return (pass, tokens) => {
    for (const op of ops) op(pass, tokens);
  };
}
