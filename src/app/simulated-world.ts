import { ShoalError } from '../core/errors.ts';
import type { LayerRunner } from '../engine/layer-runner.ts';
import type { Hyperparameters } from '../model/hyperparameters.ts';
import { PretendStore } from '../simulation/pretend-store.ts';
import { ScriptedText } from '../simulation/scripted-text.ts';
import type { NodeCode } from '../simulation/simulated-device.ts';
import { simulatedRunner } from '../simulation/simulated-runner.ts';
import { SimulatedSwarm } from '../simulation/simulated-swarm.ts';
import { readSimulation } from '../simulation/simulation-options.ts';
import type { ShardReader } from '../store/shard-store.ts';
import type { MeetingPlace } from '../store/torrent/peer-introducer.ts';
import type { ChatRecord } from './chat/chat-record.ts';
import type { ConversationStore, StoredChat } from './chat/chat-store.ts';
import type { KnownServer } from './introduction.ts';
import { keepNoItems } from './lasting-items.ts';
import type { MetSwarm } from './meet-swarm.ts';
import type { SessionParts } from './swarm-session.ts';
import type { World } from './world.ts';

/** This tab's own device, as it computes once it joins: what a laptop does, layers a second. */
const OWN_LAYERS_PER_SECOND = 2000;
/** Bytes that it fetches in a second. */
const OWN_BYTES_PER_SECOND = 12_000_000;

/**
 * A world in which server, devices and model are made up, and only the page is real. It asks nobody anything, and what is
 * said and set in it ends with the page.
 * @param search - as `location.search`
 */
export async function openSimulatedWorld(search: string, code: NodeCode): Promise<World> {
  keepNoItems();
  const { options, wrong } = readSimulation(search);
  const swarm = await SimulatedSwarm.open(options, code);
  return {
    simulation: { devices: options.devices, wrong },
    detectEnvironment: async () => ({ secureContext: true, webgpu: 'available', adapter: 'a simulated device' }),
    detectLacks: async () => [],
    findServer: async () => serverOf(swarm),
    meetSwarm: async () => meet(swarm),
    openConversations: () => new PageConversations(),
  };
}

/** What a server would say of itself; nobody reaches it. */
function serverOf({ manifest, manifestId }: SimulatedSwarm): KnownServer {
  return {
    page: document.baseURI,
    version: 'simulated',
    relay: { peerId: 'simulated' },
    trackerPath: '/',
    addresses: [],
    servesPrivateSwarm: false,
    peers: [],
    iceServers: [],
    models: [{ name: manifest.name, manifest: manifestId }],
  };
}

function meet(swarm: SimulatedSwarm): MetSwarm {
  const { manifest, manifestId, manifestBytes } = swarm;
  const transport = swarm.ownTransport();
  void swarm.start();
  return {
    model: { manifest, manifestId, bytes: manifestBytes, home: manifestId },
    network: async () => transport,
    membership: undefined,
    parts: partsOf(swarm),
  };
}

function partsOf({ manifest }: SimulatedSwarm): SessionParts {
  return {
    store: new OwnStore({
      manifest,
      fetchMs: ({ sizeBytes }) => (1000 * sizeBytes) / OWN_BYTES_PER_SECOND,
      stored: () => false,
      tells: true,
    }),
    readerOf: (shard) => ({ shard }) as ShardReader,
    createRunner: async (hyperparameters: Hyperparameters): Promise<LayerRunner> =>
      simulatedRunner(hyperparameters, { kind: 'webgpu', layersPerSecond: OWN_LAYERS_PER_SECOND, lies: false }),
    openText: async () => new ScriptedText(),
  };
}

/** Nobody needs to meet for bytes that there are none of. */
class OwnStore extends PretendStore implements MeetingPlace {
  introduceBy = () => undefined;
  answer = async (): Promise<never> => {
    throw new ShoalError('shard-missing', 'A simulation exchanges no torrents.');
  };
}

/** Conversations that end with the page. */
class PageConversations implements ConversationStore {
  readonly #records = new Map<string, ChatRecord>();
  read = async (id: string) => this.#records.get(id);
  write = async (id: string, record: ChatRecord) => void this.#records.set(id, record);
  remove = async (id: string) => void this.#records.delete(id);

  async list(): Promise<readonly StoredChat[]> {
    const chats = [...this.#records].map(([id, record]) => ({ id, record }));
    return chats.sort((a, b) => b.record.savedAtMs - a.record.savedAtMs);
  }
}
