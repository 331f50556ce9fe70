/** Consecutive rows of one session. */
export interface SessionRows {
  /** Of the first row. */
  readonly position: number;
  readonly tokens: number;
  /** The session's pages, in the order of positions. */
  readonly pages: readonly number[];
}

/** Words of a row: its position, and where its session's page numbers begin. */
const ROW_WORDS = 2;

/** What kernels/blocks/kv-cache.wgsl reads as `pages`: every row's place, then the sessions' page numbers. */
export function pageTable(sessions: readonly SessionRows[]): Uint32Array<ArrayBuffer> {
  const rows = sessions.reduce((sum, { tokens }) => sum + tokens, 0);
  const pages = sessions.reduce((sum, session) => sum + session.pages.length, 0);
  const words = new Uint32Array(rows * ROW_WORDS + pages);
  let row = 0;
  let table = rows * ROW_WORDS;
  for (const { position, tokens, pages } of sessions) {
    for (let token = 0; token < tokens; token++) words.set([position + token, table], ROW_WORDS * row++);
    words.set(pages, table);
    table += pages.length;
  }
  return words;
}

/** Bytes of the largest table. @param pages - of all its sessions */
export function pageTableBytes(rows: number, pages: number): number {
  return (rows * ROW_WORDS + pages) * 4;
}
