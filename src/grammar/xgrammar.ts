import { Lazy } from '../core/lazy.ts';

type Xgrammar = typeof import('@mlc-ai/web-xgrammar');

/** The library's last words on what it could not do, taken from its log. */
const said: string[] = [];
const loading = new Lazy(load);

/** MLC's grammar engine, in WebAssembly: loaded where a grammar is first asked for. */
export function loadXgrammar(): Promise<Xgrammar> {
  return loading.get();
}

/** What the library has said since the last call: it aborts without an error's text. */
export function takeSaid(): string {
  const lines = said
    .splice(0)
    .filter((line) => line !== 'Aborted()')
    .map((line) => line.replace(/^\[\w+\] \S+?:\d+: /, '').replace(/^Check failed: .*? is false: /, ''));
  return lines.join(' ').trim();
}

async function load(): Promise<Xgrammar> {
  const { error, warn } = console;
  // The library keeps the console's functions as it finds them.
  console.error = (...words: unknown[]) => void said.push(words.join(' '));
  console.warn = console.error;
  try {
    const module: Partial<Xgrammar> = await import('@mlc-ai/web-xgrammar');
    // A script of the old kind: as a module it exports nothing, and names itself globally.
    const { xgrammar } = globalThis as { xgrammar?: Xgrammar };
    const library = xgrammar ?? (module as Xgrammar);
    // The binding is made with the first call.
    (await library.Grammar.builtinJSONGrammar()).dispose();
    return library;
  } finally {
    console.error = error;
    console.warn = warn;
  }
}
