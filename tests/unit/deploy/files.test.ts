import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArgsDef } from 'citty';
import { describe, expect, it } from 'vitest';
import node from '../../../cli/commands/node.ts';
import serve from '../../../cli/commands/serve.ts';
import { readStrictly } from '../../../cli/strict-options.ts';
import { commandOf, environmentOf, instructionsOf, readContainerfile, readCopy } from '../../deploy/containerfile.ts';

/** Where the units and the image have it. */
const INSTALLED = '/opt/shoal/';
const COMMANDS: Readonly<Record<string, ArgsDef>> = { serve: serve.args as ArgsDef, node: node.args as ArgsDef };

/** @returns the options that the command line gives, as the command itself reads them */
function judge(words: readonly string[]) {
  const program = words.indexOf(`${INSTALLED}cli/shoal.ts`);
  expect(program).toBeGreaterThan(0);
  for (const path of words.filter((word) => word.startsWith(INSTALLED)))
    expect(existsSync(path.slice(INSTALLED.length)), path).toBe(true);
  const [command, ...options] = words.slice(program + 1);
  return readStrictly(options, COMMANDS[command!]!);
}

/** Of a unit's setting, every value. */
function settings(unit: string, name: string): string[] {
  const lines = readFileSync(`deploy/systemd/${unit}`, 'utf8').split('\n');
  return lines.filter((line) => line.startsWith(`${name}=`)).map((line) => line.slice(name.length + 1));
}

describe.each(['shoal.service', 'shoal-node.service'])('%s', (unit) => {
  it('starts what is there, with options that there are, and keeps data where it may', () => {
    const words = settings(unit, 'ExecStart')[0]!
      .split(' ')
      // What the operator adds.
      .filter((word) => !word.startsWith('$SHOAL'));
    expect(judge(words)).toMatchObject({
      // biome-ignore lint/suspicious/noTemplateCurlyInString: systemd's.
      data: ['${STATE_DIRECTORY}'],
      ...(unit === 'shoal.service' ? { build: ['false'] } : { health: ['8789'] }),
    });
  });

  it.each<[string, string]>([
    ['DynamicUser', 'yes'],
    ['StateDirectory', unit.replace('.service', '')],
    ['NoNewPrivileges', 'yes'],
    ['ProtectSystem', 'strict'],
    ['MemoryDenyWriteExecute', 'no'],
    ['Restart', 'on-failure'],
    // The status of a wrong option, which the next start would meet again.
    ['RestartPreventExitStatus', '2'],
    ['KillMode', 'mixed'],
  ])('has %s=%s', (name, value) => {
    expect(settings(unit, name)).toEqual([value]);
  });

  it('is a unit to systemd, where there is one', (context) => {
    if (spawnSync('systemd-analyze', ['--version']).status !== 0) return context.skip('There is no systemd here.');
    const folder = mkdtempSync(join(tmpdir(), 'shoal-units-'));
    try {
      const text = readFileSync(`deploy/systemd/${unit}`, 'utf8').replaceAll(INSTALLED, `${process.cwd()}/`);
      writeFileSync(join(folder, unit), text);
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', join(folder, unit)], { encoding: 'utf8' });
      expect(stderr).not.toContain(folder);
      expect(status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the Containerfile', () => {
  const stages = readContainerfile('deploy/Containerfile');

  it('copies what is there', () => {
    for (const [name, { instructions }] of stages) {
      for (const { from, sources } of instructions.filter((one) => one.name === 'COPY').map(readCopy)) {
        if (from === undefined) for (const source of sources) expect(existsSync(source), source).toBe(true);
        else expect([...stages.keys()].indexOf(from)).toBeLessThan([...stages.keys()].indexOf(name));
      }
    }
  });

  it.each([
    ['server', { build: ['false'], host: ['0.0.0.0'], data: ['/data'] }, '8787'],
    ['node', { data: ['/data'], health: ['8789'] }, '8789'],
  ])('starts a %s by options that there are, as nobody in particular, and looks after it', (name, options, port) => {
    const instructions = instructionsOf(stages, name);
    expect(judge(commandOf(instructions, 'ENTRYPOINT'))).toEqual(options);
    expect(instructions.findLast(({ name }) => name === 'USER')?.argument).toBe('node');
    expect(environmentOf(instructions).SHOAL_HEALTH).toBe(`http://127.0.0.1:${port}/healthz`);
    const [, check] = commandOf(instructions, 'HEALTHCHECK');
    expect(existsSync(check!.slice(INSTALLED.length))).toBe(true);
  });
});
