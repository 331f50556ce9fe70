// Where sessions' rows and states lie: a session's first row, how many it has, the page of its state before them (NO_STATE
// for an empty one), and the page of the one after.
const NO_STATE = 0xffffffffu;
@group(0) @binding(1) var<storage, read> sessions: array<vec4<u32>>; // [sessions]
