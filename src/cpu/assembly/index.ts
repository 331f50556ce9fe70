export { groupBytes } from './formats';
export { run } from './program';
export { repackPlain, repackQ4, repackQ8 } from './repack';
