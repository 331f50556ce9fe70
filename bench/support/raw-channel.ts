import type { Browser, Page } from 'playwright';

declare global {
  interface Window {
    rawConnection: RTCPeerConnection;
    rawEcho: RTCDataChannel;
    rawSink: RTCDataChannel;
  }
}

/** A plain RTCDataChannel between two plain pages of the same browser: what Shoal's own wire is measured against. */
export interface RawChannel {
  /** Milliseconds of each round trip of `bytes`, one after the other. */
  echo(bytes: number, count: number): Promise<number[]>;
  /** Milliseconds until the other page has `bytes`. */
  send(bytes: number): Promise<number>;
  close(): Promise<void>;
}

/** Opens two pages and connects them. @param url - any page of the origin that Shoal's tabs have */
export async function openRawChannel(browser: Browser, url: string): Promise<RawChannel> {
  const contexts = [await browser.newContext(), await browser.newContext()] as const;
  const [caller, callee] = [await contexts[0].newPage(), await contexts[1].newPage()];
  for (const page of [caller, callee]) await page.goto(url);
  const offer = await call(caller);
  const answer = await take(callee, offer);
  await caller.evaluate(async (sdp) => {
    await window.rawConnection.setRemoteDescription({ type: 'answer', sdp });
    for (const channel of [window.rawEcho, window.rawSink])
      if (channel.readyState !== 'open') await new Promise((resolve) => channel.addEventListener('open', resolve));
  }, answer);
  return {
    echo: (bytes, count) => echo(caller, bytes, count),
    send: (bytes) => send(caller, bytes),
    close: async () => {
      for (const context of contexts) await context.close();
    },
  };
}

function call(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const connection = new RTCPeerConnection();
    window.rawConnection = connection;
    window.rawEcho = connection.createDataChannel('echo');
    window.rawSink = connection.createDataChannel('sink');
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== 'complete')
      await new Promise((resolve) => connection.addEventListener('icegatheringstatechange', resolve, { once: true }));
    return connection.localDescription!.sdp;
  });
}

function take(page: Page, offer: string): Promise<string> {
  return page.evaluate(async (sdp) => {
    const connection = new RTCPeerConnection();
    window.rawConnection = connection;
    connection.ondatachannel = ({ channel }) => {
      channel.binaryType = 'arraybuffer';
      let received = 0;
      channel.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
        if (channel.label === 'echo') channel.send(data as ArrayBuffer);
        else if (typeof data !== 'string') received += data.byteLength;
        else {
          // The channel is ordered: everything that was sent before this has arrived.
          channel.send(String(received));
          received = 0;
        }
      };
    };
    await connection.setRemoteDescription({ type: 'offer', sdp });
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== 'complete')
      await new Promise((resolve) => connection.addEventListener('icegatheringstatechange', resolve, { once: true }));
    return connection.localDescription!.sdp;
  }, offer);
}

function echo(page: Page, bytes: number, count: number): Promise<number[]> {
  return page.evaluate(
    async ({ bytes, count }) => {
      const times: number[] = [];
      const message = new Uint8Array(bytes);
      for (let index = 0; index < count; index++) {
        const startedAtMs = performance.now();
        await new Promise((resolve) => {
          window.rawEcho.onmessage = resolve;
          window.rawEcho.send(message);
        });
        times.push(performance.now() - startedAtMs);
      }
      return times;
    },
    { bytes, count },
  );
}

function send(page: Page, bytes: number): Promise<number> {
  return page.evaluate(async (bytes) => {
    const channel = window.rawSink;
    // What WebTorrent sends as one block, and a buffer that keeps the channel busy without filling it up.
    const block = new Uint8Array(16 * 1024);
    channel.bufferedAmountLowThreshold = 256 * 1024;
    const startedAtMs = performance.now();
    for (let sent = 0; sent < bytes; sent += block.length) {
      channel.send(block.subarray(0, Math.min(block.length, bytes - sent)));
      if (channel.bufferedAmount > 1024 * 1024)
        await new Promise((resolve) => channel.addEventListener('bufferedamountlow', resolve, { once: true }));
    }
    const received = await new Promise<number>((resolve) => {
      channel.onmessage = ({ data }: MessageEvent<string>) => resolve(Number(data));
      channel.send('done');
    });
    if (received !== bytes) throw new Error(`${received} of ${bytes} bytes arrived.`);
    return performance.now() - startedAtMs;
  }, bytes);
}
