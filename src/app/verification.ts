import { type Signal, signal } from '@preact/signals';
import type { SwarmNode } from '../swarm/node.ts';
import { verifySwarm } from '../swarm/verify.ts';
import type { CheckRow } from './app-model.ts';
import type { SwarmSession } from './swarm-session.ts';
import { runVerificationPrompt } from './verification-prompt.ts';

/** The check that the swarm is whole, as the page shows it. */
export class Verification {
  readonly checks: Signal<readonly CheckRow[]> = signal([]);
  readonly verifying: Signal<boolean> = signal(false);

  /** Checks once at a time. */
  async run(session: SwarmSession, node: SwarmNode): Promise<void> {
    if (this.verifying.value) return;
    this.verifying.value = true;
    this.checks.value = [];
    try {
      const options = {
        manifest: session.model.manifest,
        peerIds: node.nodeIds(),
        otherBuilds: node.otherBuilds(),
        commands: node.commands,
        registry: node.registry,
        prompt: (options: Parameters<typeof runVerificationPrompt>[1]) => runVerificationPrompt(session, options),
      };
      for await (const check of verifySwarm(options)) this.checks.value = [...this.checks.value, check];
    } finally {
      this.verifying.value = false;
    }
  }
}
