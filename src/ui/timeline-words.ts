import type { TimelineEvent } from '../app/app-model.ts';
import { formatDuration, joinWords, plural } from '../core/format.ts';
import { formatLayers } from '../core/ranges.ts';
import type { TabNames } from './tab-names.ts';

/** One row of the timeline in words. */
export interface EventWords {
  /** What a test or a style tells rows apart by. */
  readonly kind: 'lost' | 'leaving' | 'expelled' | 'resent' | 'waited' | 'queued' | 'reopened';
  readonly headline: string;
  /** The figures; may be empty. */
  readonly facts: readonly string[];
}

/** What happened, for people. */
export function eventWords(event: TimelineEvent, names: TabNames): EventWords {
  switch (event.kind) {
    case 'replaced':
      return replacedWords(event, names);
    case 'expelled': {
      const headline = `${names.full(event.peerId)} is left out from now on: a check found it wrong.`;
      return { kind: 'expelled', headline, facts: [event.why] };
    }
    case 'resent':
      return { kind: 'resent', headline: 'The whole conversation was sent again.', facts: [event.why] };
    case 'waited':
      return { kind: 'waited', headline: waitedWords(event, names), facts: [] };
    case 'queued': {
      const headline = `In the queue for ${formatDuration(event.waitedMs)}: every tab with the layers was busy.`;
      return { kind: 'queued', headline, facts: outcomeFacts(event.outcome) };
    }
    case 'reopened': {
      const headline = 'This tab was opened again: the answer goes on.';
      return { kind: 'reopened', headline, facts: [`${plural(event.tokens, 'token')} kept`] };
    }
  }
}

function replacedWords(event: Extract<TimelineEvent, { kind: 'replaced' }>, names: TabNames): EventWords {
  const { reason, layers, from, to, pauseMs, positions } = event;
  const what = `Layers ${formatLayers(layers)}`;
  const facts = [`stood still ${Math.round(pauseMs)} ms`, `${plural(positions, 'position')} rebuilt`];
  if (reason === 'leaving') {
    const headline = `${what}: ${namesOf(from, names)} handed over to ${namesOf(to, names)} before leaving.`;
    return { kind: 'leaving', headline, facts };
  }
  // Who is there but has forgotten, after a lost device, fills its own place.
  const same = from.join() === to.join();
  const headline = same
    ? `${what}: ${namesOf(from, names)} lost the conversation and has it back after ${formatDuration(pauseMs)}.`
    : `${what}: ${namesOf(from, names)} left, ${namesOf(to, names)} took over after ${formatDuration(pauseMs)}.`;
  return { kind: 'lost', headline, facts };
}

function waitedWords(event: Extract<TimelineEvent, { kind: 'waited' }>, names: TabNames): string {
  const what = `Layers ${formatLayers(event.layers)}`;
  const time = formatDuration(event.waitedMs);
  const who = namesOf(event.peerIds, names);
  if (event.outcome === 'given-up') return `${what}: nobody had them; the answer ended after ${time} of waiting.`;
  return event.peerIds.length > 0
    ? `${what}: nobody had them; ${who} fetched them in ${time}.`
    : `${what}: nobody had them for ${time}.`;
}

function outcomeFacts(outcome: 'served' | 'given-up'): string[] {
  return outcome === 'given-up' ? ['the answer ended there'] : [];
}

function namesOf(peerIds: readonly string[], names: TabNames): string {
  return joinWords([...new Set(peerIds)].map((peerId) => names.of(peerId)));
}
