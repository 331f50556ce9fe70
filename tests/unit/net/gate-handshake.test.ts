import { describe, expect, it } from 'vitest';
import { GateHandshake } from '../../../src/net/gate/gate-handshake.ts';
import { open, seal } from '../../../src/net/gate/sealed-gossip.ts';
import { createSecret, deriveKeys, guestSecretOf } from '../../../src/protocol/private-swarm.ts';

const secret = createSecret();
const keys = deriveKeys(secret);
const none = new Uint8Array();
const refused = { code: 'not-admitted' };

function peer(peerId: string, of = keys): GateHandshake {
  return new GateHandshake(of, peerId, of.certify(peerId) ?? none);
}

/** `caller` calls `callee`; what passes can be seen, or changed. */
async function meet(
  caller: GateHandshake,
  [callerId, callee, calleeId]: readonly [string, GateHandshake, string],
  onMessage: (message: Uint8Array, place: number) => Uint8Array = (message) => message,
): Promise<{ readonly ofCallee: Uint8Array; readonly ofCaller: Uint8Array | undefined }> {
  let ofCaller: Uint8Array | undefined;
  let place = 0;
  const ofCallee = await caller.call(calleeId, async (message) => {
    const sent = onMessage(message, place++);
    const answer = callee.answer(callerId, sent, (certificate) => {
      ofCaller = certificate;
    });
    return onMessage(answer, place++);
  });
  return { ofCallee, ofCaller };
}

describe('the gate', () => {
  it('lets two in that know the secret, and shows each the certificate of the other', async () => {
    const { ofCallee, ofCaller } = await meet(peer('a'), ['a', peer('b'), 'b']);
    expect(keys.isMember('b', ofCallee)).toBe(true);
    expect(keys.isMember('a', ofCaller!)).toBe(true);
    // A certificate is one peer's.
    expect(keys.isMember('a', ofCallee)).toBe(false);
  });

  it('tells guests from members, and a guest knows a member', async () => {
    const guests = deriveKeys(guestSecretOf(secret));
    expect(guests.name).toBe(keys.name);
    const { ofCallee, ofCaller } = await meet(peer('guest', guests), ['guest', peer('b'), 'b']);
    expect(guests.isMember('b', ofCallee)).toBe(true);
    expect(keys.isMember('guest', ofCaller!)).toBe(false);
    expect(ofCaller).toHaveLength(0);
  });

  it('refuses who does not know the secret, on either side', async () => {
    const stranger = peer('stranger', deriveKeys(createSecret()));
    await expect(meet(peer('a'), ['a', stranger, 'stranger'])).rejects.toMatchObject(refused);
    const asked: Uint8Array[] = [];
    // The stranger goes on, though the answer is none that it can check.
    const callee = peer('b');
    asked.push(callee.answer('stranger', Uint8Array.of(1, ...new Uint8Array(32)), () => undefined));
    expect(() => callee.answer('stranger', Uint8Array.of(2, ...asked[0]!.subarray(32)), () => undefined)).toThrow(
      expect.objectContaining(refused),
    );
  });

  it('refuses a proof that was recorded', async () => {
    const callee = peer('b');
    const recorded: Uint8Array[] = [];
    await meet(peer('a'), ['a', callee, 'b'], (message, place) => {
      if (place % 2 === 0) recorded.push(message.slice());
      return message;
    });
    // By who has the very same peer id, even.
    callee.answer('a', recorded[0]!, () => undefined);
    expect(() => callee.answer('a', recorded[1]!, () => undefined)).toThrow(expect.objectContaining(refused));
    // Twice in one hello neither.
    expect(() => callee.answer('a', recorded[1]!, () => undefined)).toThrow(expect.objectContaining(refused));
  });

  it('refuses a proof that comes back to who made it', async () => {
    const a = peer('a');
    // The stranger answers a's hello by what a itself answers to it, and proves by what a proves.
    const reflect = a.call('stranger', async (message) => a.answer('stranger', message, () => undefined));
    await expect(reflect).rejects.toMatchObject(refused);
  });

  it('refuses a proof that somebody hands on under a peer id of its own', async () => {
    const [a, b] = [peer('a'), peer('b')];
    // a believes to talk to the stranger, b too.
    const between = a.call('stranger', async (message) => b.answer('stranger', message, () => undefined));
    await expect(between).rejects.toMatchObject(refused);
    const swapped = meet(a, ['stranger', b, 'b']);
    await expect(swapped).rejects.toMatchObject(refused);
    // b's answer to a, where a has called somebody else.
    await expect(meet(a, ['a', b, 'c'])).rejects.toMatchObject(refused);
  });

  it('refuses a message that was changed anywhere', async () => {
    for (const place of [0, 1, 2]) {
      const change = (message: Uint8Array, at: number) => {
        if (at === place) message[5]! ^= 1;
        return message;
      };
      await expect(meet(peer('a'), ['a', peer('b'), 'b'], change)).rejects.toMatchObject(refused);
    }
  });

  it('refuses a proof that comes twice for one hello, or after its caller has gone', async () => {
    const callee = peer('b');
    let proof: Uint8Array = none;
    const keep = (message: Uint8Array, place: number) => {
      if (place === 2) proof = message.slice();
      return message;
    };
    await meet(peer('a'), ['a', callee, 'b'], keep);
    expect(() => callee.answer('a', proof, () => undefined)).toThrow(expect.objectContaining(refused));
    const gone = meet(peer('a'), ['a', callee, 'b'], (message, place) => {
      if (place === 2) callee.forget('a');
      return message;
    });
    await expect(gone).rejects.toMatchObject(refused);
  });

  it('refuses an answer that was recorded', async () => {
    const [caller, callee] = [peer('a'), peer('b')];
    let recorded: Uint8Array = none;
    const replay = (message: Uint8Array, place: number) => {
      if (place !== 1) return message;
      if (recorded.length === 0) recorded = message.slice();
      return recorded;
    };
    await meet(caller, ['a', callee, 'b'], replay);
    // By who has the very same peer id, and goes no further than that.
    let went = 0;
    const again = meet(caller, ['a', callee, 'b'], (message, place) => {
      went = place;
      return replay(message, place);
    });
    await expect(again).rejects.toMatchObject(refused);
    expect(went).toBe(1);
  });

  it('refuses the start of a proof, or less', async () => {
    for (const sizeBytes of [0, 1, 31]) {
      const cut = (at: number, offset: number) => (message: Uint8Array, place: number) =>
        place === at ? message.slice(0, offset + sizeBytes) : message;
      for (const change of [cut(1, 32), cut(2, 1)])
        await expect(meet(peer('a'), ['a', peer('b'), 'b'], change)).rejects.toMatchObject(refused);
    }
  });

  it('refuses nonsense', () => {
    for (const message of [none, Uint8Array.of(3), Uint8Array.of(1), Uint8Array.of(2), new Uint8Array(1000)]) {
      expect(() => peer('a').answer('b', message, () => undefined)).toThrow();
    }
  });
});

describe('sealed gossip', () => {
  const message = new TextEncoder().encode('news');
  const sealed = seal(keys, 'a', 'topic', { certificate: none, message });

  it('is opened by members and guests, and by nobody else', () => {
    for (const of of [keys, deriveKeys(guestSecretOf(secret))]) {
      expect(open(of, 'a', 'topic', sealed)?.message).toEqual(message);
    }
    expect(open(deriveKeys(createSecret()), 'a', 'topic', sealed)).toBeUndefined();
    expect(new TextDecoder('latin1').decode(sealed)).not.toContain('news');
  });

  it('is of one author and topic', () => {
    expect(open(keys, 'b', 'topic', sealed)).toBeUndefined();
    expect(open(keys, 'a', 'other topic', sealed)).toBeUndefined();
    expect(
      open(
        keys,
        'a',
        'topic',
        sealed.map((byte, index) => (index === 30 ? byte ^ 1 : byte)),
      ),
    ).toBeUndefined();
    expect(open(keys, 'a', 'topic', none)).toBeUndefined();
    expect(open(keys, 'a', 'topic', sealed.subarray(0, 24))).toBeUndefined();
    expect(open(keys, 'a', 'topic', sealed.subarray(0, 30))).toBeUndefined();
  });

  it('has a whole certificate or none', () => {
    for (const [sizeBytes, count] of [
      [0, 1],
      [64, 1],
      [1, 0],
      [63, 0],
      [65, 0],
      [200, 0],
    ] as const) {
      const made = seal(keys, 'a', 'topic', { certificate: new Uint8Array(sizeBytes), message });
      const opened = open(keys, 'a', 'topic', made);
      expect([sizeBytes, opened ? 1 : 0]).toEqual([sizeBytes, count]);
      if (opened) expect([opened.certificate.length, opened.message]).toEqual([sizeBytes, message]);
    }
  });
});

describe('a secret', () => {
  it('is a new one each time, and gives the same keys wherever it is read', () => {
    expect(createSecret()).not.toBe(secret);
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(deriveKeys(secret).name).toBe(keys.name);
    expect(deriveKeys(createSecret()).name).not.toBe(keys.name);
  });

  it('does not follow from what a guest has', () => {
    const guest = guestSecretOf(secret);
    expect(guest).toMatch(/^[\w-]{86}$/);
    expect(guestSecretOf(guest)).toBe(guest);
    expect(deriveKeys(guest).role).toBe('guest');
    expect(deriveKeys(guest).certify('a')).toBeUndefined();
    // Another members' key makes another swarm, so that nobody makes guests believe in other members.
    const other = guestSecretOf(createSecret());
    const mixed = guest.slice(0, 43) + other.slice(43);
    expect(deriveKeys(mixed).name).not.toBe(keys.name);
  });

  it('that is damaged is refused', () => {
    for (const text of ['', 'x', secret.slice(1), `${secret}!`, 'a'.repeat(500)]) {
      expect(() => deriveKeys(text)).toThrow(expect.objectContaining({ code: 'bad-request' }));
    }
  });
});
