/**
 * How a member is known: by a direct connection, by the server or itself, or from other tabs alone, which may have made
 * it up.
 */
export type Standing = 'connected' | 'vouched' | 'heard';
