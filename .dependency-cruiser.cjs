// The architecture as rules: imports go down only, and folders of one level do not import each other.
const levels = [
  ['core'],
  ['gguf', 'tokenizer', 'model'],
  ['protocol', 'grammar'],
  ['blocks'],
  ['gpu', 'cpu', 'net', 'store'],
  ['engine'],
  ['swarm'],
  ['simulation'],
  ['api'],
  ['words'],
  ['app'],
  ['ui', 'library'],
];
const src = (names) => `^src/(${names.join('|')})/`;

const upward = levels.slice(0, -1).map((level, index) => ({
  name: `no-upward-import-from-${level.join('-')}`,
  severity: 'error',
  from: { path: src(level) },
  to: { path: src(levels.slice(index + 1).flat()) },
}));
const sideways = levels
  .filter((level) => level.length > 1)
  .flatMap((level) =>
    level.map((name) => ({
      name: `no-sideways-import-from-${name}`,
      severity: 'error',
      from: { path: `^src/${name}/` },
      to: { path: src(level.filter((other) => other !== name)) },
    })),
  );

module.exports = {
  forbidden: [
    ...upward,
    ...sideways,
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-circle-of-folders',
      severity: 'error',
      comment: 'Not a file of one folder needs the other while a file of the other needs the one.',
      scope: 'folder',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'src-imports-only-src',
      severity: 'error',
      comment: 'The library never reaches into what assembles it. app/ and library/ may start the workers.',
      from: { path: '^src/', pathNot: '^src/(app|library)/' },
      to: { path: '^(workers|signaling-server|cli|tests|bench)/' },
    },
    {
      name: 'swarm-knows-contracts-only',
      severity: 'error',
      comment: 'swarm/ is assembled with implementations in app/ and workers/; it sees the contracts.',
      from: { path: '^src/swarm/' },
      to: { path: '^src/(gpu|net|store|engine)/', pathNot: '^src/(net/transport|store/shard-store|engine/layer-runner)\\.ts$' },
    },
    {
      name: 'ui-knows-its-contract-only',
      severity: 'error',
      comment: 'Components show an AppModel, whatever is behind it; main.ts builds it.',
      from: { path: '^src/ui/', pathNot: '^src/ui/main\\.ts$' },
      to: { path: '^src/(gguf|model|gpu|cpu|net|store|engine|swarm|api|app)/', pathNot: '^src/app/(app-model|alert-list)\\.ts$' },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^virtual:' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // AssemblyScript, a world of its own: nothing imports it.
    exclude: { path: '^src/cpu/assembly/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'browser', 'node', 'default', 'types'], extensions: ['.ts', '.tsx', '.js', '.json'] },
  },
};
