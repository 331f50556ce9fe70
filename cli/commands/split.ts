import { defineCommand } from 'citty';
import { ShoalError } from '../../src/core/errors.ts';
import { formatLayers } from '../../src/core/ranges.ts';
import { CHAT_TEMPLATE_OPTION, readChatTemplate } from '../chat-template.ts';
import { chooseShardCount } from '../choose-shard-count.ts';
import { DEFAULT_DATA_DIR, findModel, MODEL_FORMS } from '../model-source.ts';
import { ProgressLine } from '../progress.ts';
import { splitIntoFolder } from '../shard-folder.ts';

export default defineCommand({
  meta: { name: 'split', description: 'Splits a GGUF model into shards with a manifest.' },
  args: {
    file: { type: 'positional', required: true, description: `The model: ${MODEL_FORMS}` },
    shards: {
      type: 'string',
      default: 'auto',
      valueHint: 'N',
      description: 'Shards, one to as many as there are layers; auto: as "shoal serve"',
    },
    out: { type: 'string', required: true, valueHint: 'DIR', description: 'A new or an empty folder for the shards' },
    name: { type: 'string', valueHint: 'NAME', description: "The model's name; from the file's name unless given" },
    'chat-template': CHAT_TEMPLATE_OPTION,
  },
  run: async ({ args }) => {
    const chatTemplate = await readChatTemplate(args['chat-template']);
    const file = await findModel(args.file, DEFAULT_DATA_DIR, { onProgress: new ProgressLine().show });
    const published = await splitIntoFolder(file, {
      shardCount: args.shards === 'auto' ? await chooseShardCount(file) : parseCount(args.shards),
      directory: args.out,
      chatTemplate,
      onProgress: new ProgressLine().show,
      onNotice: (text) => console.error(`shoal: ${text}`),
      ...(args.name === undefined ? {} : { name: args.name }),
    });
    for (const { shard } of published.shards)
      console.log(`${shard.fileName}  layers ${formatLayers(shard.layers)}  ${shard.sizeBytes} bytes  ${shard.sha256}`);
    console.log(`manifest.json  ${published.manifest.name}  ${published.manifestId}`);
  },
});

function parseCount(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new ShoalError('bad-request', `--shards is "${text}", expected auto, or a whole number from 1.`);
}
