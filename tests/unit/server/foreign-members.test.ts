import { describe, expect, it } from 'vitest';
import {
  FOREIGN_MEMBER_SILENCE_MS,
  MAX_FOREIGN_MEMBERS,
  WANTED_FOREIGN_HOLDERS,
} from '../../../signaling-server/limits.ts';
import { ForeignMembers } from '../../../signaling-server/peers/foreign-members.ts';

const said = (author: string, ready: readonly number[] = [], leaving = false) => ({ author, ready, leaving });

/** So many names, who all serve shard 0. */
function crowd(count = MAX_FOREIGN_MEMBERS): ForeignMembers {
  const members = new ForeignMembers();
  for (let name = 0; name < count; name++) expect(members.admits(said(`${name}`, [0]), 0)).toBe(true);
  return members;
}

describe('the tabs of other servers', () => {
  it('are told of up to a number, and always the same', () => {
    const members = crowd();
    expect(members.admits(said('late', [0]), 1)).toBe(false);
    expect(members.admits(said('7', [0]), 1)).toBe(true);
    expect(members.size).toBe(MAX_FOREIGN_MEMBERS);
  });

  it('give their place away when they leave, or fall silent', () => {
    const members = crowd();
    expect(members.admits(said('late', [0], true), 1)).toBe(false);
    expect(members.admits(said('3', [0], true), 1)).toBe(true);
    expect(members.admits(said('next', [0]), 1)).toBe(true);
    expect(members.admits(said('one more', [0]), FOREIGN_MEMBER_SILENCE_MS)).toBe(false);
    expect(members.admits(said('one more', [0]), FOREIGN_MEMBER_SILENCE_MS + 1)).toBe(true);
    // All but the one that came last had been silent.
    expect(members.size).toBe(2);
  });

  it('that serve what few serve take the places of others, down to as many as each shard wants', () => {
    const members = crowd();
    for (let holder = 0; holder < WANTED_FOREIGN_HOLDERS; holder++) {
      expect(members.admits(said(`rare ${holder}`, [1]), 1)).toBe(true);
    }
    expect(members.admits(said('rare no more', [1]), 1)).toBe(false);
    expect(members.size).toBe(MAX_FOREIGN_MEMBERS);
    expect(members.admits(said('rare 0', [1]), 2)).toBe(true);
    expect(members.admits(said('0', [0]), 2)).toBe(false);
  });

  it('of a model of many shards leave room for a holder of each', () => {
    const members = new ForeignMembers();
    const shards = MAX_FOREIGN_MEMBERS / 2;
    for (let name = 0; name < MAX_FOREIGN_MEMBERS; name++) members.admits(said(`${name}`, [name % (shards / 2)]), 0);
    for (let shard = shards / 2; shard < shards; shard++) {
      expect(members.admits(said(`rare ${shard}`, [shard]), 1)).toBe(true);
    }
    expect(members.size).toBe(MAX_FOREIGN_MEMBERS);
  });

  it('that serve something else from now on are counted so', () => {
    const members = crowd();
    expect(members.admits(said('0', [1]), 1)).toBe(true);
    for (let holder = 1; holder < WANTED_FOREIGN_HOLDERS; holder++) {
      expect(members.admits(said(`rare ${holder}`, [1]), 1)).toBe(true);
    }
    expect(members.admits(said('rare no more', [1]), 1)).toBe(false);
  });
});
