import type { Environment, Lack, Simulation } from './app-model.ts';
import { ChatStore, type ConversationStore } from './chat/chat-store.ts';
import { detectEnvironment, detectLacks } from './environment.ts';
import { fetchServerConfig, type KnownServer } from './introduction.ts';
import { type MetSwarm, meetSwarm } from './meet-swarm.ts';

/** What is around the page: browser, server and swarm. */
export interface World {
  /** Undefined where all of it is real. */
  readonly simulation: Simulation | undefined;
  detectEnvironment(): Promise<Pick<Environment, 'secureContext' | 'webgpu' | 'adapter'>>;
  detectLacks(): Promise<readonly Lack[]>;
  /** @throws ShoalError `model-unavailable` when the server does not answer */
  findServer(): Promise<KnownServer>;
  /** Meets the swarm that the page's address names. @throws ShoalError as `meetSwarm` */
  meetSwarm(server: KnownServer, lacks: readonly Lack[]): Promise<MetSwarm>;
  openConversations(): ConversationStore;
}

/** This browser, and the server that the page came from. */
export const REAL_WORLD: World = {
  simulation: undefined,
  detectEnvironment,
  detectLacks,
  findServer: () => fetchServerConfig(document.baseURI),
  meetSwarm,
  openConversations: () => new ChatStore(),
};
