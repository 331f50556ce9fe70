import type { TimelineEvent } from '../app/app-model.ts';
import { formatLayers } from '../core/ranges.ts';
import { formatDuration, formatNumber, joinWords } from '../words/format.ts';
import { laterWords } from '../words/later-words.ts';
import { errorWords } from '../words/words.ts';
import type { TabNames } from './tab-names.ts';

/** One row of the timeline in words. */
export interface EventWords {
  /** What a test or a style tells rows apart by. */
  readonly kind: 'lost' | 'leaving' | 'expelled' | 'resent' | 'waited' | 'queued' | 'reopened';
  readonly headline: string;
  /** The figures; may be empty. */
  readonly facts: readonly string[];
  /** Why, where there is something to say. */
  readonly why?: string;
  /** What went wrong, as the log has it. */
  readonly detail?: string;
}

/** What happened, for people. */
export function eventWords(event: TimelineEvent, names: TabNames): EventWords {
  const { timeline } = laterWords();
  switch (event.kind) {
    case 'replaced':
      return replacedWords(event, names);
    case 'expelled': {
      const headline = timeline.expelled(names.full(event.peerId));
      return { kind: 'expelled', headline, facts: [], why: lieWords(event, names) };
    }
    case 'resent':
      return { kind: 'resent', headline: timeline.resent, facts: [], why: errorWords(event.code), detail: event.why };
    case 'waited':
      return { kind: 'waited', headline: waitedWords(event, names), facts: [] };
    case 'queued': {
      const headline = timeline.queued(formatDuration(event.waitedMs));
      return { kind: 'queued', headline, facts: outcomeFacts(event.outcome) };
    }
    case 'reopened':
      return { kind: 'reopened', headline: timeline.reopened, facts: [timeline.kept(event.tokens)] };
  }
}

function replacedWords(event: Extract<TimelineEvent, { kind: 'replaced' }>, names: TabNames): EventWords {
  const { reason, layers, from, to, pauseMs, positions } = event;
  const { timeline } = laterWords();
  const what = formatLayers(layers);
  const facts = [timeline.stoodStill(Math.round(pauseMs)), timeline.rebuilt(positions)];
  if (reason === 'leaving') {
    return { kind: 'leaving', headline: timeline.handedOver(what, namesOf(from, names), namesOf(to, names)), facts };
  }
  // Who is there but has forgotten, after a lost device, fills its own place.
  const same = from.join() === to.join();
  const headline = same
    ? timeline.hasBack(what, namesOf(from, names), formatDuration(pauseMs))
    : timeline.tookOver(what, namesOf(from, names), namesOf(to, names), formatDuration(pauseMs));
  return { kind: 'lost', headline, facts };
}

function percent(share: number): string {
  return formatNumber(100 * share, 1);
}

/** What a check has shown. */
function lieWords({ lie }: Extract<TimelineEvent, { kind: 'expelled' }>, names: TabNames): string {
  const { lies } = laterWords().timeline;
  switch (lie.kind) {
    case 'withholds':
      return lies.withholds;
    case 'false-rows':
      return lies.falseRows;
    case 'link':
      return lies.link(names.of(lie.sender), names.of(lie.receiver));
    case 'otherwise':
      return lies.otherwise(formatLayers(lie.layers), names.of(lie.holder), percent(lie.difference));
    case 'shown':
      return lies.shown(names.of(lie.reporter), percent(lie.difference));
  }
}

function waitedWords(event: Extract<TimelineEvent, { kind: 'waited' }>, names: TabNames): string {
  const { timeline } = laterWords();
  const what = formatLayers(event.layers);
  const time = formatDuration(event.waitedMs);
  const who = namesOf(event.peerIds, names);
  if (event.outcome === 'given-up') return timeline.givenUp(what, time);
  return event.peerIds.length > 0 ? timeline.fetched(what, who, time) : timeline.nobodyFor(what, time);
}

function outcomeFacts(outcome: 'served' | 'given-up'): string[] {
  return outcome === 'given-up' ? [laterWords().timeline.endedThere] : [];
}

function namesOf(peerIds: readonly string[], names: TabNames): string {
  return joinWords([...new Set(peerIds)].map((peerId) => names.of(peerId)));
}
