/** What the page may show once something has happened: one file to fetch, as each has little code. */
export { CheckList } from './check-list.tsx';
export { FarewellNote } from './farewell-note.tsx';
export { JoinForecast } from './join-forecast.tsx';
export { LapMap } from './lap-map.tsx';
export { ShardDetails } from './shard-details.tsx';
export { SpokenEvent } from './spoken-event.tsx';
export { Timeline } from './timeline.tsx';
