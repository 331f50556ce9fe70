/** Of the tracker, for WebSockets and for HTTP. The library reads it in HTTP requests: it cannot be another. */
export const TRACKER_PATH = '/announce';
