import type { GossipSub, Message } from '@libp2p/gossipsub';
import { describe, expect, it, vi } from 'vitest';
import { GossipTopics } from '../../../src/net/libp2p/gossip-topics.ts';

const SERVER = 'server';
const named = (name: string) => ({ toString: () => name }) as never;

/** A gossip of which the test is the network, as far as this tab's part of it looks. */
class FakeGossip extends EventTarget {
  readonly topicValidators = new Map<string, (peer: never, message: Message) => unknown>();
  readonly score = { duplicateMessage: vi.fn() };
  readonly subscribe = vi.fn();
  readonly unsubscribe = vi.fn();

  /** @returns what becomes of it: `accept` is passed on, `ignore` is not */
  hand(by: string, id: string, from: string, type: 'signed' | 'unsigned' = 'signed'): unknown {
    const message = { type, topic: 'news', from: named(from), data: Uint8Array.of(1) } as unknown as Message;
    const answer = this.topicValidators.get('news')?.(named(by), message);
    if (answer === 'accept') {
      const detail = { msgId: id, msg: message, propagationSource: named(by) };
      this.dispatchEvent(new CustomEvent('gossipsub:message', { detail }));
    }
    return answer;
  }
}

function topics(listener: (from: string, forwarder: string | undefined) => unknown) {
  const gossip = new FakeGossip();
  const stop = new GossipTopics(gossip as unknown as GossipSub, (peerId) => peerId === SERVER).subscribe(
    'news',
    (from, _message, forwarder) => listener(from, forwarder),
  );
  return { gossip, stop };
}

describe('the gossip of a tab', () => {
  it('tells who handed a message over: its author, another tab, or the server', () => {
    const listener = vi.fn();
    const { gossip } = topics(listener);
    gossip.hand('a', '1', 'a');
    gossip.hand('neighbour', '2', 'b');
    gossip.hand(SERVER, '3', 'c');
    expect(listener.mock.calls).toEqual([
      ['a', 'a'],
      ['b', 'neighbour'],
      ['c', undefined],
    ]);
  });

  it('passes on what somebody here takes, and nothing else', () => {
    const { gossip, stop } = topics((from) => from !== 'phantom');
    expect(gossip.hand('neighbour', '1', 'honest')).toBe('accept');
    expect(gossip.hand('neighbour', '2', 'phantom')).toBe('ignore');
    expect(gossip.hand('neighbour', '3', 'honest', 'unsigned')).toBe('ignore');
    stop();
    expect(gossip.topicValidators.size).toBe(0);
    expect(gossip.unsubscribe).toHaveBeenCalledExactlyOnceWith('news');
  });

  it('tells once more when the server repeats what another tab has brought', () => {
    const listener = vi.fn();
    const { gossip } = topics(listener);
    const { score } = gossip;
    gossip.hand('neighbour', '1', 'b');
    score.duplicateMessage('another neighbour', '1', 'news');
    expect(listener).toHaveBeenCalledOnce();
    score.duplicateMessage(SERVER, '1', 'news');
    score.duplicateMessage(SERVER, '1', 'news');
    score.duplicateMessage(SERVER, 'never heard', 'news');
    expect(listener.mock.calls).toEqual([
      ['b', 'neighbour'],
      ['b', undefined],
    ]);
  });

  it('remembers some hundred messages for that, whatever comes', () => {
    const listener = vi.fn();
    const { gossip } = topics(listener);
    for (let id = 0; id < 300; id++) gossip.hand('neighbour', `${id}`, `tab ${id}`);
    listener.mockClear();
    gossip.score.duplicateMessage(SERVER, '0', 'news');
    expect(listener).not.toHaveBeenCalled();
    gossip.score.duplicateMessage(SERVER, '299', 'news');
    expect(listener).toHaveBeenCalledExactlyOnceWith('tab 299', undefined);
  });
});
