import { type Signal, signal } from '@preact/signals';
import { ShoalError } from '../core/errors.ts';
import { log } from '../core/log.ts';
import { shortId } from '../core/short-id.ts';
import { words } from '../words/words.ts';
import type { Admission } from './app-model.ts';
import type { IntroducedModel } from './introduction.ts';
import { inviteLink, invitePlace } from './invite.ts';
import type { PrivateSwarm } from './private-swarm.ts';
import { SavedPlace } from './saved-place.ts';
import type { SwarmSession } from './swarm-session.ts';

/** What the page that is opened next says of a move, in this tab. */
const NOTE_ITEM = 'shoal-moved';

/** The swarm that the page is opened in next. */
interface Entry extends Pick<IntroducedModel, 'manifestId' | 'bytes'> {
  /** That this tab takes up there; of a swarm that moves, those that it has. */
  readonly shards: readonly number[];
  readonly old: PrivateSwarm | undefined;
  readonly note: string;
}

/** Who comes into the swarm, by which link, and the way to a swarm of one's own. */
export class SwarmDoor {
  readonly admission: Signal<Admission> = signal('open');
  /** For members of a private swarm, for everybody of an open one, for guests where this tab is one. */
  readonly inviteLink: Signal<string> = signal('');
  /** Of a private swarm, as members see it; else empty. */
  readonly guestLink: Signal<string> = signal('');
  readonly thisMachineOnly: Signal<boolean> = signal(false);
  readonly #session: () => SwarmSession;

  constructor(session: () => SwarmSession) {
    this.#session = session;
  }

  /** @param addresses - as `ServerConfig.addresses` */
  async show({ model: { manifestId }, membership }: SwarmSession, addresses: readonly string[]): Promise<void> {
    const { page, thisMachineOnly } = invitePlace(location, addresses);
    this.thisMachineOnly.value = thisMachineOnly;
    const secret = membership?.swarm.secret;
    this.admission.value = membership?.swarm.keys.role ?? 'open';
    this.inviteLink.value = inviteLink(page, { manifestId, secret });
    if (secret === undefined || this.admission.value === 'guest') return;
    const { guestSecretOf } = await import('../protocol/private-swarm.ts');
    this.guestLink.value = inviteLink(page, { manifestId, secret: guestSecretOf(secret) });
  }

  /** @returns what has happened since this page was opened last, if it was opened again because the swarm moved */
  takeNote(): string | undefined {
    try {
      const note = sessionStorage.getItem(NOTE_ITEM) ?? undefined;
      sessionStorage.removeItem(NOTE_ITEM);
      return note;
    } catch {
      return undefined;
    }
  }

  /** Follows the members of a private swarm to a new link. */
  async follow(session: SwarmSession): Promise<void> {
    const { membership } = session;
    if (membership?.swarm.keys.role !== 'member') return;
    const { listenForMoves } = await import('../swarm/members/relocation.ts');
    listenForMoves(await session.transport(), membership.swarm.keys.name, (secret, from) => {
      const name = session.node?.membership.members().find(({ peerId }) => peerId === from)?.name;
      const who = name || shortId(from);
      const note = words().invite.movedBy(who);
      this.#move(session, secret, membership.swarm, note).catch((error: unknown) =>
        log.warn('SWARM', `A new link of ${who} was not followed: ${ShoalError.from(error).message}`),
      );
    });
  }

  /** Founds a private swarm of the same model, and takes this tab's shards along. The page is opened anew. */
  async found(): Promise<void> {
    const session = this.#session();
    const { manifestId, bytes } = session.model;
    await this.foundWith({ manifestId, bytes }, session.keeper.ready(), words().invite.privateNow);
  }

  /** Founds a private swarm of any model, of which this browser has these shards. The page is opened anew. */
  async foundWith(
    { manifestId, bytes }: Pick<IntroducedModel, 'manifestId' | 'bytes'>,
    shards: readonly number[],
    note: string,
  ): Promise<void> {
    const session = this.#session();
    session.requireKeeping(
      'the page would lose the shards that a private swarm begins with. Found it in another browser.',
    );
    const { createSecret } = await import('../protocol/private-swarm.ts');
    await this.#enter(session, createSecret(), { manifestId, bytes, shards, old: undefined, note });
  }

  /** Moves all members who are there to a new secret: the old links lead nowhere then. The page is opened anew. */
  async renew(): Promise<void> {
    const session = this.#session();
    const { node, membership } = session;
    if (!node || membership?.swarm.keys.role !== 'member') {
      throw new ShoalError('consent-required', 'Only a member of a private swarm starts a new link.');
    }
    const { createSecret } = await import('../protocol/private-swarm.ts');
    const { moveMembers } = await import('../swarm/members/relocation.ts');
    const secret = createSecret();
    const others = node.membership.members().map(({ peerId }) => peerId);
    const moved = await moveMembers(await session.transport(), others, secret);
    const note = words().invite.moved(moved, others.length);
    await this.#move(session, secret, membership.swarm, note);
  }

  #move(session: SwarmSession, secret: string, old: PrivateSwarm, note: string): Promise<void> {
    const { manifestId, bytes } = session.model;
    return this.#enter(session, secret, { manifestId, bytes, shards: [], old, note });
  }

  /** @param secret - a member's */
  async #enter(session: SwarmSession, secret: string, { manifestId, bytes, shards, old, note }: Entry): Promise<void> {
    const { moveTo } = await import('./private-swarm.ts');
    const entered = await moveTo(secret, { manifestId, manifest: bytes, old });
    if (!old && session.keepsData) (await SavedPlace.claim(entered.home)).write(shards, false);
    if (session.keepsData) sessionStorage.setItem(NOTE_ITEM, note);
    await session.node?.membership.leave();
    location.reload();
  }
}
