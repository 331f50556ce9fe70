import { fetchServerConfig } from '../../../src/app/introduction.ts';
import { peerRelays } from '../../../src/app/peer-servers.ts';
import type { ShoalError } from '../../../src/core/errors.ts';
import { createLibp2pTransport, type Libp2pTransportOptions } from '../../../src/net/libp2p/libp2p-transport.ts';
import type { FrameChannel, Transport } from '../../../src/net/transport.ts';
import { TRANSPORT_CONTRACT, type TransportLab } from '../../swarm/transport-contract.ts';

/** The parts of a `TransportLab` that travel as JSON. */
export interface LabFacts {
  readonly relay: string;
  readonly strangerId: string;
  readonly topic: string;
  readonly key: string;
  readonly value: string;
  readonly unusedKey: string;
}

/** What the test drives in this tab. */
class TransportTab {
  transport!: Transport;
  readonly heard: string[] = [];
  readonly events: string[] = [];
  readonly channels = new Map<string, FrameChannel>();

  /**
   * Opens this tab's transport. It answers requests with their sender and text, and frames with
   * as much of themselves as their first four bytes say.
   * @param server - page of the server that is asked which others there are now
   */
  async open(options: Libp2pTransportOptions, server?: string): Promise<string> {
    const readOthers = async (signal: AbortSignal) =>
      peerRelays(await fetchServerConfig(server!, signal), undefined, server!);
    this.transport = await createLibp2pTransport({ ...options, ...(server === undefined ? {} : { readOthers }) });
    this.transport.onPeer(({ peerId, connected }) => this.events.push(`${connected ? '+' : '-'}${peerId}`));
    this.transport.onIntroduction((state) => this.events.push(state));
    this.transport.handleRequests('/shoal/echo/1.0.0', async (from, request) =>
      new TextEncoder().encode(`${from} ${new TextDecoder().decode(request)}`),
    );
    this.transport.handleChannels((channel) => {
      channel.onFrame(
        (frame) => void channel.send(frame.subarray(0, new DataView(frame.buffer, frame.byteOffset).getUint32(0))),
      );
    });
    return this.transport.peerId;
  }

  async ask(peerId: string, text: string): Promise<string> {
    const answer = await this.transport
      .request(peerId, '/shoal/echo/1.0.0', new TextEncoder().encode(text))
      .catch(rethrow);
    return new TextDecoder().decode(answer);
  }

  async openChannel(peerId: string): Promise<void> {
    const channel = await this.transport.openChannel(peerId);
    this.channels.set(peerId, channel);
    channel.onClose((reason) => this.events.push(`closed ${peerId} ${reason ? 'with a reason' : 'in order'}`));
  }

  /** Round trips of frames of `size` bytes, answered by as many or by `answerSize`, on the open channel, ms. */
  async echo(peerId: string, size: number, count: number, answerSize = size): Promise<number[]> {
    const channel = this.channels.get(peerId)!;
    const frame = new Uint8Array(size).fill(7);
    new DataView(frame.buffer).setUint32(0, answerSize);
    const times: number[] = [];
    for (let round = 0; round < count; round++) {
      const startedMs = performance.now();
      const back = new Promise<Uint8Array>((resolve) => channel.onFrame(resolve));
      await channel.send(frame);
      if ((await back).length !== answerSize) throw new Error('The echo has another size.');
      times.push(performance.now() - startedMs);
    }
    return times;
  }

  subscribe(topic: string): void {
    this.transport.subscribe(topic, (from, message) => {
      this.heard.push(`${from} ${new TextDecoder().decode(message)}`);
    });
  }

  /** Gossips a presence with this sequence number. */
  announce(topic: string, sequence: number): Promise<void> {
    return this.transport.publish(topic, presence(sequence));
  }

  /** Puts the value under the key and registers this tab as its holder. */
  async register(key: string, value: string): Promise<void> {
    await this.transport.directory.put(key, new TextEncoder().encode(value)).catch(rethrow);
    await this.transport.directory.provide(key);
  }

  async find(key: string): Promise<{ value: string; providers: string[] }> {
    const value = await this.transport.directory.get(key);
    return { value: new TextDecoder().decode(value), providers: await this.transport.directory.findProviders(key) };
  }

  /** Runs one case of the contract with every member in this tab; each is a node of its own. */
  async runCase(name: string, facts: LabFacts): Promise<void> {
    const members: Transport[] = [];
    const lab: TransportLab = {
      ...facts,
      value: new TextEncoder().encode(facts.value),
      message: presence,
      open: async () => {
        const member = await createLibp2pTransport({ relay: facts.relay, iceServers: [] });
        members.push(member);
        return member;
      },
    };
    try {
      await TRANSPORT_CONTRACT.find((one) => one.name === name)!.run(lab);
    } finally {
      await Promise.all(members.map((member) => member.close()));
    }
  }
}

/** The server passes on presence only. */
function presence(sequence: number): Uint8Array {
  const message = { sequence, ready: [], pending: [], layersPerSecond: 0, queueLength: 0, leaving: false };
  return new TextEncoder().encode(JSON.stringify(message));
}

/** Errors leave the page as their message alone. */
function rethrow(error: ShoalError): never {
  throw new Error(`${error.code}: ${error.message}`);
}

declare global {
  interface Window {
    tab: TransportTab;
  }
}
window.tab = new TransportTab();
