#!/usr/bin/env node
import { type ArgsDef, type CommandDef, defineCommand, runMain } from 'citty';
import packageJson from '../package.json' with { type: 'json' };
import { reportFailure } from './failure.ts';

/** A subcommand, loaded only when it is asked for. Its failures end as one line and an exit status. */
function lazy<T extends ArgsDef>(
  load: () => Promise<{ readonly default: CommandDef<T> }>,
): () => Promise<CommandDef<T>> {
  return async () => {
    const { default: command } = await load();
    const { run } = command;
    return {
      ...command,
      run: async (context) => {
        try {
          await run?.(context);
        } catch (error) {
          reportFailure(error);
        }
      },
    };
  };
}

const main = defineCommand({
  meta: { name: 'shoal', version: packageJson.version, description: packageJson.description },
  subCommands: {
    serve: lazy(() => import('./commands/serve.ts')),
    models: lazy(() => import('./commands/models.ts')),
    split: lazy(() => import('./commands/split.ts')),
    verify: lazy(() => import('./commands/verify.ts')),
    bridge: lazy(() => import('./commands/bridge.ts')),
    node: lazy(() => import('./commands/node.ts')),
  },
});

await runMain(main);
