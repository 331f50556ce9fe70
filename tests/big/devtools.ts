import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { CHROMIUM_FLAGS, findBrowser } from '../../cli/browser.ts';

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly params?: { readonly args?: readonly { readonly value?: unknown }[] };
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

const START_TIMEOUT_MS = 60_000;

/**
 * One browser with its profile on disk and one page, driven over the DevTools protocol without its Network domain: that
 * keeps 100 MB of what a page fetches in the page's process, and no person's browser does so.
 */
export class PageBrowser {
  readonly pid: number;
  /** Lines of the page's console. */
  readonly console: string[] = [];
  readonly #process: ChildProcess;
  readonly #socket: WebSocket;
  readonly #calls = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
  #session = '';
  #nextId = 1;

  /** @param prepare - runs in every document before its own scripts */
  static async open<T>(folder: string, url: string, prepare: (value: T) => void, value: T): Promise<PageBrowser> {
    const { executablePath, env } = await findBrowser();
    const flags = [...CHROMIUM_FLAGS, '--remote-debugging-port=0', `--user-data-dir=${folder}`, 'about:blank'];
    const child = spawn(executablePath, flags, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const socket = new WebSocket(await debuggerUrl(child));
    await once(socket, 'open');
    const browser = new PageBrowser(child, socket);
    await browser.#attach(`(${prepare})(${JSON.stringify(value)})`);
    await browser.send('Page.navigate', { url });
    return browser;
  }

  private constructor(child: ChildProcess, socket: WebSocket) {
    this.#process = child;
    this.pid = child.pid!;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(String(data)) as Reply));
    socket.addEventListener('close', () => {
      for (const { reject } of this.#calls.values()) reject(new Error('The browser is closed.'));
      this.#calls.clear();
    });
  }

  /** What `run` returns in the page. @throws Error with what it throws */
  async evaluate<T, Result>(run: (value: T) => Result | Promise<Result>, value: T): Promise<Result> {
    const { result } = await this.send('Runtime.evaluate', {
      expression: `(${run})(${JSON.stringify(value)})`,
      awaitPromise: true,
      returnByValue: true,
    });
    const { exceptionDetails, result: found } = result as {
      exceptionDetails?: { text: string; exception?: { description?: string } };
      result: { value: Result };
    };
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return found.value;
  }

  send(method: string, params: object = {}, session = this.#session): Promise<Reply> {
    const id = this.#nextId++;
    this.#socket.send(JSON.stringify({ id, method, params, ...(session ? { sessionId: session } : {}) }));
    return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
  }

  async close(): Promise<void> {
    const exited = once(this.#process, 'exit');
    await this.send('Browser.close', {}, '').catch(() => this.#process.kill());
    await exited;
  }

  async #attach(script: string): Promise<void> {
    const { result } = await this.send('Target.getTargets');
    const { targetInfos } = result as { targetInfos: { type: string; targetId: string }[] };
    const { targetId } = targetInfos.find(({ type }) => type === 'page')!;
    const attached = await this.send('Target.attachToTarget', { targetId, flatten: true });
    this.#session = attached.result!.sessionId as string;
    await this.send('Page.enable');
    await this.send('Runtime.enable');
    await this.send('Page.addScriptToEvaluateOnNewDocument', { source: script });
  }

  #take(reply: Reply): void {
    if (reply.method === 'Runtime.consoleAPICalled') {
      this.console.push((reply.params?.args ?? []).map(({ value }) => String(value)).join(' '));
    }
    const call = this.#calls.get(reply.id ?? 0);
    if (!call) return;
    this.#calls.delete(reply.id!);
    if (reply.error) call.reject(new Error(reply.error.message));
    else call.resolve(reply);
  }
}

/** The address that the browser prints as it starts. */
function debuggerUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Error(`The browser did not start:\n${text}`)), START_TIMEOUT_MS);
    child.stderr!.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-10_000);
      const found = /DevTools listening on (ws:\S+)/.exec(text);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[1]!);
    });
    child.once('exit', () => reject(new Error(`The browser ended:\n${text}`)));
  });
}
