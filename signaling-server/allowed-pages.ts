import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { TLSSocket } from 'node:tls';
import { HOST } from './origin.ts';

/**
 * Names that nobody can register in the public DNS, and so point at a person's own machine: names without a dot, and those
 * of home networks.
 * @see https://www.rfc-editor.org/rfc/rfc6761 and 6762, 8375; `.internal` is ICANN's
 */
const LOCAL_NAME = /^[^.]+$|\.(localhost|local|localdomain|lan|internal|home\.arpa|test)$/;

export interface AllowedPagesOptions {
  readonly publicUrl: URL | undefined;
  /** Origins of other pages, as browsers write them; `*` for every page. */
  readonly origins: readonly string[];
  /** Pages of other servers of the same swarms. */
  readonly peerServers?: readonly URL[];
}

/**
 * Which web pages may use the server. A browser lets every page open WebSockets to every server, also to one on the
 * person's own machine: there only `Origin` tells whose page it is, and by a name of its own (DNS rebinding) a stranger's
 * page would seem to be the server's.
 */
export class AllowedPages {
  readonly #named: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #hosts: ReadonlySet<string>;

  constructor({ publicUrl, origins, peerServers = [] }: AllowedPagesOptions) {
    this.#named = new Set([...(publicUrl ? [publicUrl.origin] : []), ...origins]);
    this.#origins = new Set([...this.#named, ...peerServers.map(({ origin }) => origin)]);
    const names = [...this.#named].map((origin) => URL.parse(origin)?.hostname ?? '');
    this.#hosts = new Set([...names, hostname().toLowerCase()]);
  }

  /** @returns what is wrong with the page that sent a request; undefined when it may, or when no page did */
  refusal(request: IncomingMessage): 'host' | 'origin' | undefined {
    if (this.#origins.has('*')) return undefined;
    if (!this.#isOurHost(request)) return 'host';
    const { origin, host } = request.headers;
    if (origin === undefined || this.#origins.has(origin)) return undefined;
    const page = URL.parse(origin);
    // By the page's own scheme, since a proxy may end TLS.
    return page && host && page.host === URL.parse(`${page.protocol}//${host}`)?.host ? undefined : 'origin';
  }

  /** The origin of another page that may read the configuration. */
  named({ headers: { origin } }: IncomingMessage): string | undefined {
    return origin !== undefined && (this.#named.has('*') || this.#named.has(origin)) ? origin : undefined;
  }

  /** Whether a request came by a name that can be this server's. Over TLS the certificate has said so. */
  #isOurHost({ headers: { host }, socket }: IncomingMessage): boolean {
    if (host === undefined || (socket as TLSSocket).encrypted === true) return true;
    const name = HOST.test(host) ? URL.parse(`http://${host}`)?.hostname.replace(/\.$/, '') : undefined;
    if (!name) return false;
    return name.startsWith('[') || isIP(name) !== 0 || LOCAL_NAME.test(name) || this.#hosts.has(name);
  }
}
