export { groupBytes } from './formats';
export { run } from './program';
export { repack } from './repack';
