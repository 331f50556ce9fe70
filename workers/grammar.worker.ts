import * as comlink from 'comlink';
import { ShoalError } from '../src/core/errors.ts';
import { GrammarMatchers } from '../src/grammar/grammar-matchers.ts';
import type { GrammarWorkerApi } from './grammar-contract.ts';
import { installErrorTransfer } from './worker-errors.ts';
import { tellLog } from './worker-log.ts';

installErrorTransfer();
tellLog();

let opened: GrammarMatchers | undefined;
const require = (): GrammarMatchers => {
  if (!opened) throw new ShoalError('internal', 'The worker was asked before it was started.');
  return opened;
};

const api: GrammarWorkerApi = {
  async open(tokens) {
    opened = await GrammarMatchers.open(tokens);
  },
  begin: (grammar) => require().begin(grammar),
  async advance(answer, ids) {
    const allowed = await require().advance(answer, ids);
    return allowed === 'end' ? allowed : comlink.transfer(allowed, [allowed.buffer]);
  },
  end: (answer) => require().end(answer),
};

comlink.expose(api);
