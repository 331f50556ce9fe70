import type { Metadata } from '../core/metadata.ts';

/** How a model's answers are to be drawn unless the caller says; undefined where nobody says. */
export interface SamplingDefaults {
  readonly temperature?: number;
  readonly topP?: number;
}

/** What makers recommend, on the model's card or in its generation settings; the first that fits the name. */
const BY_NAME: readonly (readonly [name: RegExp, defaults: SamplingDefaults])[] = [
  [/SmolLM2.*Instruct/i, { temperature: 0.2, topP: 0.9 }],
  [/DeepSeek[-_. ]R1/i, { temperature: 0.6, topP: 0.95 }],
  [/TinyLlama.*Chat/i, { temperature: 0.7, topP: 0.95 }],
  [/Mistral[-_. ]Nemo.*Instruct/i, { temperature: 0.3 }],
  [/Mistral[-_. ]Small.*Instruct/i, { temperature: 0.15 }],
  [/Llama[-_. ]?3.*Instruct/i, { temperature: 0.6, topP: 0.9 }],
];
/** As requests are bounded: what is beyond is a fault of the file. */
const MAX_TEMPERATURE = 2;

/** By a model's name, as files and manifests have it. */
export function samplingByName(name: string): SamplingDefaults {
  return BY_NAME.find(([pattern]) => pattern.test(name))?.[1] ?? {};
}

/**
 * As the file says, else by the model's name.
 * @param modelName - as the manifest has it; files often leave the half of their names out
 * @see llama.cpp: `general.sampling.temp`, `general.sampling.top_p`
 */
export function readSampling(metadata: Metadata, modelName: string): SamplingDefaults {
  const number = (key: string, max: number): number | undefined => {
    const value = metadata.get(`general.sampling.${key}`);
    return typeof value === 'number' && value >= 0 && value <= max ? value : undefined;
  };
  const named = samplingByName(`${modelName} ${String(metadata.get('general.name') ?? '')}`);
  const temperature = number('temp', MAX_TEMPERATURE) ?? named.temperature;
  // 0 would leave no token.
  const topP = number('top_p', 1) || named.topP;
  return { ...(temperature === undefined ? {} : { temperature }), ...(topP === undefined ? {} : { topP }) };
}
