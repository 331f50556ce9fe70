import '../styles/room.css';
import type { FollowedRoom } from '../../app/app-model.ts';
import { laterWords } from '../../words/later-words.ts';
import { usePage } from '../page-state.ts';
import { TabMark } from './tab-mark.tsx';

/** Rooms of others that are shown there. */
const MAX_ROOMS = 3;

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
  const said = laterWords().rooms;
  const text = {
    opening: said.opening,
    open: said.open,
    'out-of-reach': said.outOfReach,
    closed: said.closed,
    gone: said.gone,
  }[state](whose);
  return (
    <div class="room-bar" data-testid="room-bar" data-state={state} role="status">
      <TabMark peerId={room.peerId} />
      <p dir="auto">{text}</p>
      <button type="button" data-testid="leave-room" onClick={() => model.rooms.leave()}>
        {said.back}
      </button>
    </div>
  );
}

function HostedBar({ id }: { id: string }) {
  const { model } = usePage();
  const count = model.rooms.followers.value;
  const here = model.conversations.current.value === id;
  const said = laterWords().rooms;
  return (
    <div class="room-bar" data-testid="room-bar" data-state="hosted" role="status">
      <p>
        {said.hosted(here)} {said.followers(count)}
      </p>
      <button type="button" data-testid="close-room" onClick={() => model.rooms.close()}>
        {said.close}
      </button>
    </div>
  );
}

/** Rooms of other tabs that can be looked into; a few, as the list of tabs has them all. */
function OpenRooms() {
  const page = usePage();
  const { model, names } = page;
  const said = laterWords().rooms;
  const open = model.members.value.filter(({ room, self }) => room && !self).slice(0, MAX_ROOMS);
  return (
    <>
      {open.map(({ peerId }) => (
        <div key={peerId} class="room-bar" data-testid="open-room">
          <TabMark peerId={peerId} />
          <p dir="auto">{said.another(names.value.full(peerId))}</p>
          <button type="button" data-testid="enter-room" onClick={() => page.lookInto(peerId)}>
            {said.lookIn}
          </button>
        </div>
      ))}
    </>
  );
}
