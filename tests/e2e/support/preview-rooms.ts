import { type Signal, signal } from '@preact/signals';
import type { FollowedRoom, RoomDoor } from '../../../src/app/app-model.ts';

/** Rooms without a swarm: tests set them and see what was asked for. */
export class PreviewRooms implements RoomDoor {
  readonly hosted: Signal<string | undefined> = signal(undefined);
  readonly followers = signal(0);
  readonly followed: Signal<FollowedRoom | undefined> = signal(undefined);
  readonly open: RoomDoor['open'];
  readonly close: RoomDoor['close'];
  readonly follow: RoomDoor['follow'];
  readonly leave: RoomDoor['leave'];

  constructor(ask: (what: string) => Promise<void>) {
    this.open = () => ask('rooms.open');
    this.close = () => void ask('rooms.close');
    this.follow = (peerId) => ask(`rooms.follow ${peerId}`);
    this.leave = () => void ask('rooms.leave');
  }
}
