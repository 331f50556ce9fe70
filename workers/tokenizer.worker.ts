import * as comlink from 'comlink';
import { ShoalError } from '../src/core/errors.ts';
import { collectAllGarbage } from '../src/core/garbage.ts';
import { parseGguf } from '../src/gguf/read.ts';
import { Tokenizer } from '../src/tokenizer/index.ts';
import { encodeRendered, renderPrompt } from '../src/tokenizer/model-text.ts';
import type { TokenizerWorkerApi } from './tokenizer-contract.ts';
import { installErrorTransfer } from './worker-errors.ts';
import { tellLog } from './worker-log.ts';

installErrorTransfer();
tellLog();

let tokenizer: Tokenizer | undefined;
const require = (): Tokenizer => {
  if (!tokenizer) throw new ShoalError('internal', 'The worker was asked before it was started.');
  return tokenizer;
};

const api: TokenizerWorkerApi = {
  open({ bytes, modelName, fileName, sizeBytes }) {
    tokenizer = Tokenizer.fromMetadata(parseGguf(bytes, fileName, sizeBytes).metadata, modelName);
    // What it was made of is three times as much; nothing holds it by then.
    setTimeout(collectAllGarbage);
    const { data, sampling, toolFormat } = tokenizer;
    // Ids become text on the page: nothing here looks at the bytes again.
    return comlink.transfer({ tokens: data, sampling, toolFormat }, [
      ...[data.bytes.buffer, data.ends.buffer, data.hidden.buffer],
    ]);
  },
  render: (prompt) => renderPrompt(require(), prompt),
  encode(rendered) {
    const ids = Uint32Array.from(encodeRendered(require(), rendered));
    return comlink.transfer(ids, [ids.buffer]);
  },
};

comlink.expose(api);
