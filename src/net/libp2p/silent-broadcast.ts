/**
 * Puts a silent `BroadcastChannel` in place of one that cannot be made. Where site data is blocked Firefox refuses the
 * constructor, and libp2p's locks make one for workers that might ask for them, of which this page has none.
 */
export function standInForBroadcastChannel(): void {
  try {
    new BroadcastChannel('shoal').close();
  } catch {
    globalThis.BroadcastChannel = SilentBroadcastChannel;
  }
}

class SilentBroadcastChannel extends EventTarget implements BroadcastChannel {
  readonly name: string;
  onmessage = null;
  onmessageerror = null;

  constructor(name: string) {
    super();
    this.name = name;
  }

  postMessage(): void {}

  close(): void {}
}
