// Ends with status 0 where SHOAL_HEALTH answers that all is well; a certificate of the server's own making is good enough.
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';

const TIMEOUT_MS = 8000;

const url = process.env.SHOAL_HEALTH ?? 'http://127.0.0.1:8787/healthz';
const get = url.startsWith('https:') ? getHttps : getHttp;
get(url, { rejectUnauthorized: false, timeout: TIMEOUT_MS }, ({ statusCode }) =>
  process.exit(statusCode === 200 ? 0 : 1),
)
  .on('timeout', () => process.exit(1))
  .on('error', ({ message }) => {
    console.error(message);
    process.exit(1);
  });
