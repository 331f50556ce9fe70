import { log } from '../../core/log.ts';
import { shortId } from '../../core/short-id.ts';
import type { SignedRows } from '../../protocol/commands.ts';
import type { CommandClient } from '../frames/command-client.ts';

/** Tabs that are told of a liar: the rest find it as this one did. */
const MAX_TOLD = 32;
/** Answers of a reported node that are checked, whatever the coin says. */
const CHECKS_PER_REPORT = 3;
/** Reports heed of one reporter, and of all together, in this time: names cost nothing, and checks cost others work. */
const MAX_REPORTS_PER_REPORTER = 2;
const MAX_REPORTS = 16;
const WINDOW_MS = 10 * 60_000;
/** Nodes remembered that nobody of this tab's routes has met since. */
const MAX_REPORTED = 64;

export interface LiarReportsOptions {
  /** This tab. */
  readonly peerId: string;
  readonly commands: () => Pick<CommandClient, 'send'>;
  /** Peers that this tab is connected to. */
  readonly neighbours: () => readonly string[];
}

/**
 * What tabs tell each other of nodes that they found to lie. Nobody is believed: a report makes the next answers of the
 * reported node be checked, and nothing else. What comes with it is looked at by liar-evidence.ts.
 */
export class LiarReports {
  readonly #options: LiarReportsOptions;
  /** Those heeded in the last minutes, the oldest first. */
  #heeded: { readonly reporter: string; readonly atMs: number }[] = [];
  /** By reported node: checks still to be done. The oldest first. */
  readonly #owed = new Map<string, number>();

  constructor(options: LiarReportsOptions) {
    this.#options = options;
  }

  /**
   * This tab has found it to lie, by a check that is beyond doubt to it.
   * @param evidence - what the liar has signed of rows that this tab can show
   */
  tell(liar: string, evidence?: SignedRows): void {
    const { neighbours, commands } = this.#options;
    const others = neighbours().filter((peerId) => peerId !== liar);
    const report = { peer_id: liar, ...(evidence ? { evidence } : {}) };
    for (const peerId of others.slice(0, MAX_TOLD))
      void commands()
        .send(peerId, 'REPORT_LIAR', report)
        .catch(() => undefined);
  }

  /** Somebody says that a node lies. @returns whether it is heeded */
  hear(reporter: string, reported: string): boolean {
    const nowMs = performance.now();
    this.#heeded = this.#heeded.filter(({ atMs }) => nowMs - atMs < WINDOW_MS);
    const own = this.#heeded.filter((report) => report.reporter === reporter).length;
    if (own >= MAX_REPORTS_PER_REPORTER || this.#heeded.length >= MAX_REPORTS) return false;
    if (reported === this.#options.peerId || reported === reporter) return false;
    this.#heeded.push({ reporter, atMs: nowMs });
    this.#owed.delete(reported);
    this.#owed.set(reported, CHECKS_PER_REPORT);
    if (this.#owed.size > MAX_REPORTED) this.#owed.delete(this.#owed.keys().next().value!);
    log.info('ROUTE', `${shortId(reporter)} says that ${shortId(reported)} lies: its next answers are checked.`);
    return true;
  }

  /** Whether an answer that a node had part in is to be checked because of a report; each is good for a few. */
  take(peerId: string): boolean {
    const owed = this.#owed.get(peerId);
    if (owed === undefined) return false;
    if (owed > 1) this.#owed.set(peerId, owed - 1);
    else this.#owed.delete(peerId);
    return true;
  }
}
