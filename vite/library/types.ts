// One file of types an entry: whoever uses the library installs nothing else for them. Run by build.ts.
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';
import { at, OUT, PAGE_ENTRIES, ROOT } from './places.ts';

const bundle = await rolldown({
  cwd: ROOT,
  input: { ...PAGE_ENTRIES, node: at('src/library/node.ts') },
  plugins: [dts({ emitDtsOnly: true, tsconfig: at('tsconfig.json') })],
});
await bundle.write({ dir: OUT, chunkFileNames: 'types-[hash].js' });
