import { MAX_CANDIDATES, MAX_WANTED_IDS } from '../protocol/limits.ts';

/** One row of results on the device, in 32-bit words: candidates as (logit, id), log-sum-exp, logits of wanted ids; an even number. */
export const RESULT_LOG_SUM_EXP = 2 * MAX_CANDIDATES;
export const RESULT_WANTED = RESULT_LOG_SUM_EXP + 1;
export const RESULT_WORDS = RESULT_WANTED + MAX_WANTED_IDS + 1;

/** Stands for no token, behind every other. `NO_TOKEN` in kernels/blocks/candidate.wgsl. */
export const NO_TOKEN = 0xffffffff;
