/** Every cap of the server, each with its reason. */

/**
 * WebSockets open at once, tracker and relay together. A tab has one of each and takes 0.4 MB here (measured with 225):
 * a thousand tabs take half a gigabyte.
 */
export const MAX_SOCKETS = 2048;
/** TCP connections open at once, WebSockets among them: a browser opens six for what it fetches. */
export const MAX_CONNECTIONS = 4096;
/** Model files on their way at once; each fills the system's buffers with megabytes as long as its reader lags behind. */
export const MAX_DOWNLOADS = 512;
/** WebSockets of one address in a burst and a second: a classroom that reloads after a restart comes in a minute. */
export const SOCKET_BURST = 512;
export const SOCKETS_PER_SECOND = 32;
/** A request's head, or a TLS handshake, that takes so long is none: browsers send it at once. */
export const HEAD_TIMEOUT_MS = 10_000;
/** A download of which no byte is taken for so long is read by nobody; a phone without network for a moment goes on. */
export const READ_TIMEOUT_MS = 30_000;
/** Bytes for one WebSocket that wait for its reader: some hundred offers. */
export const MAX_UNREAD_BYTES = 4 * 1024 * 1024;
/** A socket that answers no ping for so long is gone: a half-open connection must not keep a peer id. */
export const SOCKET_HEARTBEAT_MS = 10_000;

/** A socket that has announced nothing for so long wants nothing of the tracker: clients announce as soon as it opens. */
export const FIRST_ANNOUNCE_TIMEOUT_MS = 30_000;
/** Silence after which a tracker socket is dropped: five of the intervals at which the tracker has clients announce. */
export const TRACKER_SILENCE_MS = 10 * 60_000;

/** One tracker message: ten offers of the largest size, with room for JSON escapes. */
export const MAX_TRACKER_MESSAGE_BYTES = 256 * 1024;
/** Offers of one announce: WebTorrent sends at most ten. */
export const MAX_OFFERS = 10;
/** One session description of a data channel: Chromium's has 0.5 to 3 KB, with many candidates up to 8. */
export const MAX_SDP_CHARACTERS = 16 * 1024;
/** Info hashes of one scrape: the shards of a few models. */
export const MAX_SCRAPED_HASHES = 64;
/** Tracker messages a socket may send in one burst: a joining tab answers every other tab, for each shard. */
export const TRACKER_BURST_MESSAGES = 300;
/** Tracker messages a second that a socket may keep up: four shards in a swarm of a hundred need about five. */
export const TRACKER_MESSAGES_PER_SECOND = 20;
/** Refused messages after which a socket is dropped: an honest client is refused when two versions meet, then stops. */
export const MAX_REFUSALS = 5;
/** Peers of one shard that the tracker remembers; the least recently seen make room. */
export const MAX_TRACKER_PEERS_PER_SHARD = 4096;
/** HTTP announces of one address in a burst and a second: each may name another port, so each may be another peer. */
export const HTTP_ANNOUNCE_BURST = 60;
export const HTTP_ANNOUNCES_PER_SECOND = 1;
/** Addresses whose HTTP announces are counted; when there are more, the oldest are forgotten. */
export const MAX_COUNTED_ADDRESSES = 10_000;

/** Relay connections in the handshake at once, all addresses together, each with its share (see `AddressPlaces`). */
export const MAX_HANDSHAKES = 1024;
/** A relay connection whose handshake takes longer is none. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Introductions under way at once over one tab's connection: everybody greets a newcomer. */
export const MAX_INTRODUCTIONS_PER_TAB = 256;
/** Bytes of one relayed connection, libp2p's default: handshakes and session descriptions fit many times, tensors do not. */
export const MAX_RELAYED_BYTES = 128n * 1024n;
/** Time of one relayed connection: gathering candidates behind slow TURN servers takes half a minute. */
export const MAX_RELAYED_MS = 120_000;
/** Tabs ping the server far more often; it asks back only for the few that fell asleep without closing anything. */
export const PING_INTERVAL_MS = 30_000;
/** A tab that computes on every processor there is answers late: libp2p would end it after two seconds. */
export const PING_TIMEOUT_MS = 30_000;
/**
 * Tabs of one swarm that hear each other through the server at first hand. One that is left out and has no connection to
 * another tab yet may hear nothing at all; each message to each tab takes 0.08 ms here.
 */
export const MAX_MESH_TABS = 256;
/** One presence message, signed and wrapped: the longest lists 1024 shards twice. */
export const MAX_GOSSIP_BYTES = 16 * 1024;
/** Presences of one tab that are repeated: its beat every two seconds, and a burst of changes as when it loads many shards. */
export const PRESENCE_BURST = 16;
export const PRESENCES_PER_SECOND = 4;
/** Private swarms whose presence is repeated. Each tab is told all their names, 80 bytes each. */
export const MAX_PRIVATE_TOPICS = 256;
/** Private swarms that wait until another one is over: twice as many as a server connects tabs. */
export const MAX_WAITING_TOPICS = 2048;
/** Topics that one tab may listen to, as gossipsub counts them, about 1.1 KiB each: a tab is in one swarm. */
export const MAX_TOPIC_BYTES_PER_TAB = 4 * 1200;
/** A tab that lost the server, but not the others, is still repeated for so long. */
export const KNOWN_AFTER_LEAVING_MS = 60_000;
/** Addresses of a tab that the DHT keeps: one for each way to it, and the server's own has a handful. */
export const MAX_TAB_ADDRESSES = 32;
/** Registrations are looked through at this interval: for those of tabs that left unseen, and for old ones. */
export const PROVIDER_SWEEP_MS = 60_000;
/** A holder that has not renewed its registration for so long has lost the shard: tabs renew three times as often. */
export const PROVIDER_VALIDITY_MS = 3 * 60 * 60_000;

/**
 * Tabs of other servers of whom the tabs here are told, of each swarm. With the 640 that one server carries, each of whom
 * speaks every 20 s, it is 48 presences a second instead of 32.
 */
export const MAX_FOREIGN_MEMBERS = 320;
/** Of these, holders of each shard at least: what a route chooses among. */
export const WANTED_FOREIGN_HOLDERS = 16;
/** Another server's tab that has not spoken for so long gives its place away: three of the longest intervals. */
export const FOREIGN_MEMBER_SILENCE_MS = 60_000;
/** The configuration of another server: 256 models and 16 servers that serve them all take less. */
export const MAX_PEER_CONFIG_BYTES = 1024 * 1024;
/** Another server that takes longer to answer is away. */
export const PEER_SERVER_TIMEOUT_MS = 10_000;
/** At this interval a server is asked whether it is there, and what it serves. */
export const PEER_SERVER_HELLO_MS = 5000;
/** Pauses between attempts to reach another server double from the one to the other. */
export const FIRST_PEER_SERVER_PAUSE_MS = 250;
export const MAX_PEER_SERVER_PAUSE_MS = 15_000;
/** Another server that does not say so soon who holds something is passed over: a tab waits. */
export const FOREIGN_HOLDERS_TIMEOUT_MS = 2000;
/** Holders that other servers have named are named again for so long. */
export const FOREIGN_HOLDERS_VALIDITY_MS = 10_000;

/** Request line and headers: browsers send under 2 KB. */
export const MAX_HEADER_BYTES = 16 * 1024;
/** Time for open requests to end when the server stops. */
export const CLOSE_GRACE_MS = 1000;
