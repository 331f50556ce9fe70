import { afterEach, expect, test } from 'vitest';
import type { TimelineEvent } from '../../../src/app/app-model.ts';
import { lieText } from '../../../src/swarm/coordinator/lie.ts';
import { TabNames } from '../../../src/ui/tab-names.ts';
import { eventWords } from '../../../src/ui/timeline-words.ts';
import { german } from '../../../src/words/de/german.ts';
import { spoken } from '../../../src/words/words.ts';

type Lie = Extract<TimelineEvent, { kind: 'expelled' }>['lie'];

const ENGLISH = spoken.value;
const A = 'peer-with-end-a1b2c3';
const B = 'peer-with-end-d4e5f6';
const NAMES = new TabNames('peer-of-this-tab', [{ peerId: B, name: 'Kitchen' }], new Map());
const LIES: readonly (readonly [Lie, string, string])[] = [
  [{ kind: 'withholds' }, 'does not show what it has computed', 'zeigt nicht vor'],
  [{ kind: 'false-rows' }, 'something else than it has sent', 'als es gesendet hat'],
  [
    { kind: 'link', sender: A, receiver: B },
    '…a1b2c3 has not sent what Kitchen says',
    '…a1b2c3 hat nicht gesendet, was laut Kitchen',
  ],
  [
    { kind: 'otherwise', layers: { start: 8, end: 16 }, holder: B, difference: 1.932 },
    'Layers 8-15: Kitchen has computed them again, and found something else, by 193.2 %',
    'Schichten 8-15: Kitchen hat sie nachgerechnet und kam auf etwas anderes (Abweichung 193,2 %)',
  ],
  [
    { kind: 'shown', reporter: B, difference: 0.5 },
    'Kitchen has shown what it signed',
    'Kitchen hat vorgelegt, was es unterschrieben hat',
  ],
];

afterEach(() => {
  spoken.value = ENGLISH;
});

test.each(LIES)('says in the page’s language what a check has shown: %j', (lie, english, inGerman) => {
  const event = { kind: 'expelled', peerId: A, lie, why: lieText(lie) } as const;
  expect(eventWords(event, NAMES).why).toContain(english);
  spoken.value = german;
  const { why, detail } = eventWords(event, NAMES);
  expect(why).toContain(inGerman);
  expect(detail).toBeUndefined();
});

test('says what can be done where a conversation was sent again, and what went wrong in the log’s words', () => {
  const event = { kind: 'resent', code: 'shard-missing', why: 'Nobody serves shard 1.' } as const;
  spoken.value = german;
  const { why, detail } = eventWords(event, NAMES);
  expect(why).toBe(german.first.errors['shard-missing']);
  expect(detail).toBe('Nobody serves shard 1.');
});
