import '../styles/room.css';
import type { FollowedRoom } from '../../app/app-model.ts';
import { usePage } from '../page-state.ts';
import { TabMark } from './tab-mark.tsx';

/** Above the conversation: whose room is shown, who looks into this tab's, which others are open. */
export function RoomBar() {
  const { model } = usePage();
  const { followed, hosted } = model.rooms;
  if (followed.value) return <FollowedBar room={followed.value} />;
  return (
    <>
      {hosted.value !== undefined && <HostedBar id={hosted.value} />}
      <OpenRooms />
    </>
  );
}

function FollowedBar({ room }: { room: FollowedRoom }) {
  const { model, names } = usePage();
  const whose = names.value.full(room.peerId);
  const state = room.state.value;
  const words = {
    opening: `Looking for the room of ${whose}…`,
    open: `You are in the room of ${whose}. Everybody in the swarm can read it and ask.`,
    'out-of-reach': `${whose} cannot be reached. This tab keeps trying.`,
    closed: `${whose} has closed this room. What was said is still here to read.`,
  }[state];
  return (
    <div class="room-bar" data-testid="room-bar" data-state={state} role="status">
      <TabMark peerId={room.peerId} />
      <p dir="auto">{words}</p>
      <button type="button" data-testid="leave-room" onClick={() => model.rooms.leave()}>
        Back to my conversation
      </button>
    </div>
  );
}

function HostedBar({ id }: { id: string }) {
  const { model } = usePage();
  const count = model.rooms.followers.value;
  const here = model.conversations.current.value === id;
  const who = count === 0 ? 'Nobody looks in yet' : count === 1 ? 'One tab looks in' : `${count} tabs look in`;
  return (
    <div class="room-bar" data-testid="room-bar" data-state="hosted" role="status">
      <p>
        {here ? 'This conversation' : 'Another conversation of yours'} is a room: everybody in the swarm can read it and
        ask. {who}.
      </p>
      <button type="button" data-testid="close-room" onClick={() => model.rooms.close()}>
        Close the room
      </button>
    </div>
  );
}

/** Rooms of other tabs that can be looked into; a few, as the list of tabs has them all. */
function OpenRooms() {
  const page = usePage();
  const { model, names } = page;
  const open = model.members.value.filter(({ room, self }) => room && !self).slice(0, MAX_ROOMS);
  return (
    <>
      {open.map(({ peerId }) => (
        <div key={peerId} class="room-bar" data-testid="open-room">
          <TabMark peerId={peerId} />
          <p dir="auto">{names.value.full(peerId)} has a room: a conversation for everybody in the swarm.</p>
          <button
            type="button"
            data-testid="enter-room"
            onClick={() => {
              page.show('chat');
              page.perform(() => model.rooms.follow(peerId));
            }}
          >
            Look in
          </button>
        </div>
      ))}
    </>
  );
}

const MAX_ROOMS = 3;
