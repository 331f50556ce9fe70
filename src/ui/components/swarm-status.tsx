import type { SwarmSummary } from '../../app/app-model.ts';
import { words } from '../../words/words.ts';
import { usePage } from '../page-state.ts';
import { ownProgress, swarmWords } from '../status-words.ts';
import { CoverageStrip } from './coverage-strip.tsx';
import { ProgressBar } from './progress-bar.tsx';

/** The state of the swarm in words, the layers that are covered, and what this tab is busy with. */
export function SwarmStatus() {
  const situation = usePage().situation.value;
  const { swarm, shards } = situation;
  const said = words().status;
  const progress = ownProgress(situation);
  // One that fetches its part is neither yet.
  const part = swarm.role === 'node' ? said.isNode : progress ? undefined : said.isGuest;
  return (
    <section
      class="card swarm-status"
      aria-label={said.label}
      data-testid="swarm"
      data-state={swarm.state}
      data-nodes={swarm.nodes}
    >
      <p class="swarm-words" role="status">
        <span class="dot" aria-hidden="true" />
        <strong>{swarmWords(situation)}</strong>
      </p>
      {shards.length > 0 && <CoverageStrip shards={shards} />}
      {progress && (
        <div class="own-progress">
          <p>{progress.words}</p>
          <ProgressBar label={said.ownPart} percent={progress.percent} />
        </div>
      )}
      <p class="muted swarm-facts">
        {nodesWords(swarm)}
        {part !== undefined && ` · ${part}`}
        {swarm.introduction === 'offline' && swarm.state !== 'offline' && ` · ${said.serverAway}`}
      </p>
    </section>
  );
}

function nodesWords({ nodes, othersKnown }: SwarmSummary): string {
  const { inSwarm, noTabs, notKnown } = words().status;
  if (nodes > 0) return inSwarm(nodes);
  return othersKnown ? noTabs : notKnown;
}
