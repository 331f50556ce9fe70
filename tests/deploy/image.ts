import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { environmentOf, type Instruction, instructionsOf, readCopy, type Stage } from './containerfile.ts';

/** As in Node's own image. */
const USER = { name: 'node', id: 1000 };
/** Folders of this machine that take the place of the base image, read-only. */
const BASE = ['/usr', '/etc/ssl', '/etc/alternatives', '/etc/fonts'];
const LINKS = { '/bin': 'usr/bin', '/sbin': 'usr/sbin', '/lib': 'usr/lib', '/lib64': 'usr/lib64' };

/** Node as the base image has it is the one that this runs on. */
const NODE = '/opt/node/bin/node';

/** A container's file system without a daemon that makes containers: a folder that processes are shut into. */
export class Image {
  readonly root: string;
  readonly instructions: readonly Instruction[];

  private constructor(root: string, instructions: readonly Instruction[]) {
    this.root = root;
    this.instructions = instructions;
  }

  /**
   * Follows a stage's instructions.
   * @param folder - of all stages
   * @param context - the folder that `COPY` takes from
   */
  static build(stages: ReadonlyMap<string, Stage>, name: string, folder: string, context: string): Image {
    const image = new Image(join(folder, name), instructionsOf(stages, name));
    for (const path of ['/etc', '/tmp', dirname(NODE), '/proc', '/dev', '/home/node', '/root', ...BASE])
      mkdirSync(join(image.root, path), { recursive: true });
    for (const [path, target] of Object.entries(LINKS)) symlinkSync(target, join(image.root, path));
    writeFileSync(
      join(image.root, 'etc/passwd'),
      `root:x:0:0::/root:/bin/sh\nnode:x:${USER.id}:${USER.id}::/home/node:/bin/sh\n`,
    );
    writeFileSync(join(image.root, 'etc/group'), `root:x:0:\nnode:x:${USER.id}:\n`);
    cpSync('/etc/resolv.conf', join(image.root, 'etc/resolv.conf'), { dereference: true });
    cpSync('/etc/hosts', join(image.root, 'etc/hosts'));
    writeFileSync(join(image.root, NODE), '');
    chmodSync(join(image.root, 'tmp'), 0o1777);
    chownSync(join(image.root, 'home/node'), USER.id, USER.id);
    for (const instruction of image.instructions) image.#follow(instruction, folder, context);
    return image;
  }

  get #workFolder(): string {
    return this.instructions.findLast(({ name }) => name === 'WORKDIR')?.argument ?? '/';
  }

  /** Starts a process in it as the image's user. */
  start(command: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcess {
    const user = this.instructions.findLast(({ name }) => name === 'USER')?.argument ?? 'root';
    const [program, ...args] = this.#within(command, { ...environmentOf(this.instructions), ...environment }, user);
    return spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  #follow(instruction: Instruction, folder: string, context: string): void {
    const { name, argument } = instruction;
    if (name === 'WORKDIR') mkdirSync(join(this.root, argument), { recursive: true });
    if (name === 'RUN') this.#run(argument);
    if (name !== 'COPY') return;
    const { from, sources, target } = readCopy(instruction);
    for (const source of sources) {
      const path = from === undefined ? join(context, source) : join(folder, from, source);
      // To a folder goes a file under its own name, and of a folder what is in it.
      const within = target.endsWith('/') && statSync(path).isFile() ? source : '';
      const copy = join(this.root, resolve(this.#workFolder, target), within);
      mkdirSync(dirname(copy), { recursive: true });
      cpSync(path, copy, { recursive: true, verbatimSymlinks: true });
    }
  }

  #run(command: string): void {
    if (command.startsWith('apt-get ')) {
      console.log(`  not run here: ${command}`);
      return;
    }
    console.log(`  ${command}`);
    const cache = spawnSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).stdout.trim();
    const [program, ...args] = this.#within(['sh', '-ec', command], { npm_config_cache: '/tmp/npm' }, 'root', {
      '/tmp/npm': cache,
    });
    const { status, stdout, stderr } = spawnSync(program!, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`"${command}" ended with ${status}:\n${stdout}\n${stderr}`);
  }

  /** A command line that runs another in the image; it stays the same process. @param shared - folders by their places there */
  #within(
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
    user: string,
    shared: Readonly<Record<string, string>> = {},
  ): string[] {
    const at = (path: string) => `'${join(this.root, path)}'`;
    const mounts = [
      ...BASE.map(
        (path) => `[ ! -d ${path} ] || { mount --bind ${path} ${at(path)}; mount -o remount,bind,ro ${at(path)}; }`,
      ),
      ...['/proc', '/dev'].map((path) => `mount --rbind ${path} ${at(path)}`),
      `mount --bind '${process.execPath}' ${at(NODE)}`,
      ...Object.entries(shared).map(([path, source]) => `mkdir -p ${at(path)}; mount --bind '${source}' ${at(path)}`),
    ];
    const id = user === 'root' ? 0 : USER.id;
    const script = `set -e; ${mounts.join('; ')}; exec chroot --userspec=${id}:${id} ${at('')} "$@"`;
    const variables = {
      HOME: id === 0 ? '/root' : '/home/node',
      PATH: `${dirname(NODE)}:/usr/local/bin:/usr/bin:/bin`,
      ...environment,
    };
    const passed = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    const inside = [
      '/usr/bin/env',
      '-i',
      ...passed,
      'sh',
      '-c',
      `cd '${this.#workFolder}'; exec "$@"`,
      'sh',
      ...command,
    ];
    return ['unshare', '--mount', 'sh', '-c', script, 'sh', ...inside];
  }
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
