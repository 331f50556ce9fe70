/** Every cap of the wire, each with its reason. */

/** Token positions of one task: bounds a stage's scratch buffers and the time one task may hold the GPU. */
export const MAX_TASK_TOKENS = 256;
/** A peer id: base58 of a 38-byte multihash takes 52 characters; room for other key types. */
export const MAX_PEER_ID_BYTES = 128;
/** A member's name: a line of a list on a phone, and its presence stays below two kilobytes. */
export const MAX_NAME_CHARS = 40;
/** Widest hidden state accepted, elements: the widest open models have 16,384. */
export const MAX_WIDTH = 16_384;
/** Candidates a row: sampling beyond the top 128 does not change text that anyone reads. */
export const MAX_CANDIDATES = 128;
/** Extra ids a task may ask logits of: OpenAI's `logit_bias` allows 300 entries. */
export const MAX_WANTED_IDS = 512;
/** Largest vocabulary, for the mask's size: the largest open vocabularies have 262,144. */
export const MAX_VOCABULARY = 1 << 20;
/** Stages of one route: a model of 128 layers spread one layer a tab. */
export const MAX_ROUTE_STAGES = 128;
/** One frame: a full task at the largest width, plus headers. */
export const MAX_FRAME_BYTES = MAX_TASK_TOKENS * MAX_WIDTH * 4 + 256 * 1024;
/**
 * One message of an activation stream: four SCTP packets, as many as Chromium sends of one message before it waits for a
 * round trip. Smaller ones come no sooner, and every message costs both tabs' pages about the same, however short.
 */
export const FRAME_SLICE_BYTES = 4400;
/**
 * What waits in a data channel's own buffer: enough to keep a fast link busy until the page refills it, and little
 * enough that another session's frame, which goes in behind it, comes soon: 52 ms at 10 Mbit/s.
 */
export const MAX_BUFFERED_BYTES = 64 * 1024;
/** A command's JSON, either way: the longest is a list of every file of a large model. */
export const MAX_COMMAND_BYTES = 256 * 1024;
/** Positions of a session that is checked, and shown to others where a stage of it was found to lie. */
export const MAX_EVIDENCE_TOKENS = 2048;
/**
 * Positions of a session whose caches are worth keeping for a later page: a processor reads so many in some three seconds,
 * and brings them from the disk in a tenth of one. Of fewer nobody notices the difference.
 */
export const MIN_KEPT_TOKENS = 256;
/** Checkpoints of one coordinator at a node: two of each conversation that it keeps. The oldest goes. */
export const MAX_CHECKPOINTS_PER_PEER = 8;
/** All checkpoints of a browser: as much as a device has for the caches of its sessions. */
export const MAX_CHECKPOINT_BYTES = 512 * 1024 * 1024;
/** And at most this part of the storage that is left: the rest is for shards. */
export const CHECKPOINT_SHARE = 1 / 8;
/** Written for others on the long run, so that they wear no disk and fill none in a hurry. */
export const CHECKPOINT_BYTES_PER_SECOND = 8 * 1024 * 1024;
/** Commands a peer may have unanswered here: a coordinator opens, truncates and closes; more is a flood. */
export const MAX_COMMANDS_IN_FLIGHT = 32;
/** Sessions open on a node at once: each holds KV pages. */
export const MAX_SESSIONS = 64;
/** Of these, what one coordinator may hold: its kept conversations and a verification. */
export const MAX_SESSIONS_PER_PEER = 8;
/** Sessions that wait for a place at a full node; beyond, whoever asks is only told to come again. */
export const MAX_WAITING_SESSIONS = 256;
/** Nodes a minute that one coordinator may have a node send to: eight sessions, each moved a few times. */
export const MAX_NEXT_NODES_PER_PEER = 32;
/** And all coordinators together: each may cost a connection. */
export const MAX_NEXT_NODES = 256;
/** Tasks that wait at one node before it says it is full: two of every session. */
export const MAX_QUEUED_TASKS = 128;
/** Of these, what one coordinator may have: half, so that it never fills a node alone. Eight prompts of eight chunks. */
export const MAX_QUEUED_TASKS_PER_PEER = 64;
/** Hidden states of waiting tasks: what a tab can spare beside weights and caches; 64 full tasks at a width of 4,096. */
export const MAX_QUEUED_BYTES = 256 * 1024 * 1024;
/** Presence is repeated at this interval; a timer in a hidden page still fires once a second. */
export const PRESENCE_INTERVAL_MS = 2000;
/** A member not heard of for so long is gone: four missed presences and a hidden page's slack. */
export const PRESENCE_TIMEOUT_MS = 10_000;
/**
 * The longest a member may leave between two presences, as it says itself: of 640 members, about as many as one server
 * carries, each speaks so often.
 */
export const MAX_PRESENCE_INTERVAL_MS = 10 * PRESENCE_INTERVAL_MS;
/** One presence: the longest lists 1024 shards twice. The server passes on none that is longer. */
export const MAX_PRESENCE_BYTES = 16 * 1024;
/**
 * Layers a second that a member is believed: ten times those of a small model on the fastest GPU there is. A claim
 * beyond it is no measurement, and decides no more than one of so much.
 */
export const MAX_LAYERS_PER_SECOND = 50_000;
/** And at least, once it has measured: a layer in less than two minutes. */
export const MIN_LAYERS_PER_SECOND = 0.01;
/** Tasks and sessions that a member is believed: beyond, nobody wants it anyhow. */
export const MAX_CLAIMED_LOAD = 100_000;
/** A round trip that a member is believed, ms: a connection with a longer one has ended. */
export const MAX_CLAIMED_ROUND_TRIP_MS = 60_000;
/** Round trips that one presence tells: its neighbours in routes, and a message stays below two kilobytes. */
export const MAX_LINKS = 16;
/** Servers that introduce one tab, as it tells: two, and one more while another is coming back. */
export const MAX_INTRODUCERS = 4;
