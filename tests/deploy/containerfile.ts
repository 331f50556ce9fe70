import { readFileSync } from 'node:fs';

/** One instruction, its argument as it stands, with variables of `ARG` put in. */
export interface Instruction {
  readonly name: string;
  readonly argument: string;
}

export interface Stage {
  /** An image, or the name of an earlier stage. */
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/** Reads the part of the Containerfile's language that Shoal's uses. @returns its stages by their names */
export function readContainerfile(path: string): ReadonlyMap<string, Stage> {
  const variables = new Map<string, string>();
  const stages = new Map<string, { base: string; instructions: Instruction[] }>();
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, name, rest] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    if (name === undefined || rest === undefined) throw new Error(`${path} has a line that is no instruction: ${line}`);
    const argument = rest.replace(/\$\{(\w+)\}/g, (_, variable: string) => variables.get(variable)!);
    if (name === 'ARG') {
      const [variable, value] = argument.split('=');
      variables.set(variable!, value!);
    } else if (name === 'FROM') {
      const [, base, stage] = /^(\S+) AS (\S+)$/.exec(argument) ?? [];
      stages.set(stage!, { base: base!, instructions: [] });
    } else {
      [...stages.values()].at(-1)!.instructions.push({ name, argument });
    }
  }
  return stages;
}

/** A stage's instructions, those of the stages that it begins with before them. */
export function instructionsOf(stages: ReadonlyMap<string, Stage>, name: string): readonly Instruction[] {
  const stage = stages.get(name);
  return stage ? [...instructionsOf(stages, stage.base), ...stage.instructions] : [];
}

/** The argument of the last instruction with this name, in JSON. */
export function commandOf(instructions: readonly Instruction[], name: 'ENTRYPOINT' | 'HEALTHCHECK'): string[] {
  const argument = instructions.findLast((instruction) => instruction.name === name)!.argument;
  return JSON.parse(argument.slice(argument.indexOf('['))) as string[];
}

/** What the image's processes find in their environment. */
export function environmentOf(instructions: readonly Instruction[]): Record<string, string> {
  const set = instructions.filter(({ name }) => name === 'ENV').map(({ argument }) => argument);
  return Object.fromEntries(set.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]));
}

/** The sources and the target of a `COPY`, and the stage that it takes them from, if not the context. */
export function readCopy({ argument }: Instruction): { from: string | undefined; sources: string[]; target: string } {
  const words = argument.split(' ');
  const from = words[0]!.startsWith('--from=') ? words.shift()!.slice('--from='.length) : undefined;
  const target = words.pop()!;
  return { from, sources: words, target };
}
