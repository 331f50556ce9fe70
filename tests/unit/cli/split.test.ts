import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseGguf } from '../../../src/gguf/read.ts';
import { encodeEntry } from '../../../src/gguf/write.ts';
import { decodeManifest } from '../../../src/protocol/manifest.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';

let folder: string;
const at = (name: string) => join(folder, name);

/** Runs the command as a person does: on the project's Node, whichever runs the tests. */
function split(...args: string[]) {
  return spawnSync('node_modules/.bin/node', ['cli/shoal.ts', 'split', ...args], { encoding: 'utf8' });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-cli-'));
  await writeFile(at('tiny.gguf'), makeTinyModel({ layerCount: 6 }));
  await writeFile(at('cut.gguf'), makeTinyModel().subarray(0, 20_000));
  await writeFile(at('text.gguf'), 'This is no model.');
  const qwen = { 'general.architecture': encodeEntry('general.architecture', 'string', 'mamba') };
  await writeFile(at('qwen.gguf'), makeTinyModel({ metadata: qwen }));
  const text = (key: string, value: string) => ({ [key]: encodeEntry(key, 'string', value) });
  const write = (name: string, metadata: Record<string, Uint8Array | null>) =>
    writeFile(at(name), makeTinyModel({ metadata }));
  await write('pre.gguf', text('tokenizer.ggml.pre', 'my-new-bpe'));
  await write('mute.gguf', { 'tokenizer.ggml.model': null });
  await write('template.gguf', text('tokenizer.chat_template', '{% for m in messages %}{{ m.content }}{% endfor'));
  await write('silent.gguf', { 'tokenizer.chat_template': null });
  await writeFile(at('own.jinja'), '{% for m in messages %}{{ m.content }}{% endfor %}');
  await writeFile(at('broken.jinja'), '{% for');
  const part = { 'split.count': encodeEntry('split.count', 'u16', 3), 'split.no': encodeEntry('split.no', 'u16', 1) };
  await write('big-00002-of-00003.gguf', part);
  await write('renamed.gguf', part);
  for (const number of [1, 2]) await write(`alone-0000${number}-of-00002.gguf`, {});
});

afterAll(() => rm(folder, { recursive: true }));

describe('shoal split', () => {
  it('writes a folder that the manifest describes', async () => {
    const { status, stdout, stderr } = split(at('tiny.gguf'), '--shards', '3', '--out', at('shards'));
    expect(status).toBe(0);
    expect(stdout).toMatch(/^shard-0\.gguf {2}layers 0-1 {2}\d+ bytes {2}[0-9a-f]{64}$/m);
    expect(stderr).toMatch(/Splitting tiny\.gguf: .*\(100 %\)/);
    const manifest = decodeManifest(await readFile(at('shards/manifest.json')));
    for (const { fileName, sha256, index } of manifest.shards) {
      const bytes = await readFile(join(at('shards'), fileName));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
      expect(existsSync(join(at('shards'), `shard-${index}.torrent`))).toBe(true);
    }
    expect((await readdir(folder)).filter((name) => name.startsWith('shards'))).toEqual(['shards']);
  });

  it.each([
    ['no-such.gguf', [], /no-such\.gguf does not exist/],
    ['text.gguf', [], /text\.gguf is not a valid GGUF file: it begins with the bytes 54 68 69 73/],
    ['cut.gguf', [], /cut\.gguf is cut short: tensor ".*" ends at offset/],
    ['qwen.gguf', [], /qwen\.gguf: architecture "mamba" is not supported; supported: llama/],
    ['pre.gguf', [], /pre\.gguf: .* the pre-tokenizer "my-new-bpe"/],
    ['mute.gguf', [], /mute\.gguf: The model file has no tokenizer/],
    ['big-00002-of-00003.gguf', [], /big-00001-of-00003\.gguf does not exist/],
    ['alone-00001-of-00002.gguf', [], /alone-00001-of-00002\.gguf does not belong to the set .* no part of a model/],
    ['renamed.gguf', [], /renamed\.gguf is part 2 of 3 of a model\. Merge them first/],
    ['tiny.gguf', ['--shards', '7'], /6 layers cannot be split into 7 shards: choose 1 to 6/],
    ['tiny.gguf', ['--shards', 'many'], /--shards is "many"/],
    ['tiny.gguf', ['--chat-template', 'gptx'], /--chat-template is "gptx": .* Names: chatml, gemma, llama2/],
    ['tiny.gguf', ['--chat-template', 'constructor'], /--chat-template is "constructor"/],
  ])('refuses %s %j in one line, with status 2', async (file, args, message) => {
    const { status, stdout, stderr } = split(at(file), ...args, '--out', at('refused'));
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect((await readdir(folder)).filter((name) => name.startsWith('refused'))).toEqual([]);
  });

  it('says before it begins that a model has no chat, and splits it for completions', () => {
    const { status, stderr } = split(at('template.gguf'), '--out', at('no-chat'));
    expect(status).toBe(0);
    const [first] = stderr.split(/[\n\r]/);
    expect(first).toMatch(
      /template\.gguf: .* chat template cannot be used: it cannot be read .* Chat will be refused\.$/,
    );
  });

  it('says of a model without a chat template that it completes text only', () => {
    const { status, stderr } = split(at('silent.gguf'), '--out', at('silent'));
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /^shoal: silent\.gguf: The model file has no chat template\. .*"--chat-template".* Chat will be refused\.$/m,
    );
  });

  it.each([
    ['silent.gguf', 'chatml', /im_start/],
    ['tiny.gguf', 'llama3', /start_header_id/],
    ['silent.gguf', 'own.jinja', /^\{% for m in messages %\}\{\{ m\.content \}\}/],
  ])('puts into %s the chat template %s, of a file or by its name', async (file, template, expected) => {
    const out = at(`${file}-${template}`);
    const { status, stderr } = split(
      at(file),
      '--chat-template',
      template.endsWith('.jinja') ? at(template) : template,
      '--out',
      out,
    );
    expect(status).toBe(0);
    expect(stderr).not.toMatch(/Chat will be refused/);
    const bytes = await readFile(join(out, 'shard-0.gguf'));
    const { metadata } = parseGguf(bytes, 'shard-0.gguf', bytes.length);
    expect(metadata.get('tokenizer.chat_template')).toMatch(expected);
    const manifest = decodeManifest(await readFile(join(out, 'manifest.json')));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(manifest.shards[0]!.sha256);
  });

  it('refuses a chat template that is no Jinja', () => {
    const { status, stderr } = split(at('tiny.gguf'), '--chat-template', at('broken.jinja'), '--out', at('refused'));
    expect(status).toBe(2);
    expect(stderr).toMatch(/--chat-template .*broken\.jinja: The chat template cannot be used: it cannot be read/);
  });

  it('explains itself', () => {
    const { status, stdout } = split('--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/--shards/);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(/--chat-template.*chatml, gemma, llama2, llama3, mistral, phi3/);
    // Every form of a model; the help may break lines anywhere.
    expect(stdout.replace(/\s+/g, ' ')).toMatch(/"shoal models".*set.*https:.*hf:owner/);
  });
});
