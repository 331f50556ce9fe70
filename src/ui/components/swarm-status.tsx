import type { SwarmSummary } from '../../app/app-model.ts';
import { plural } from '../../core/format.ts';
import { usePage } from '../page-state.ts';
import { ownProgress, swarmWords } from '../status-words.ts';
import { CoverageStrip } from './coverage-strip.tsx';
import { ProgressBar } from './progress-bar.tsx';

/** The state of the swarm in words, the layers that are covered, and what this tab is busy with. */
export function SwarmStatus() {
  const situation = usePage().situation.value;
  const { swarm, shards } = situation;
  const progress = ownProgress(situation);
  return (
    <section
      class="card swarm-status"
      aria-label="State of the swarm"
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
          <ProgressBar label="This tab's part" percent={progress.percent} />
        </div>
      )}
      <p class="muted swarm-facts">
        {nodesWords(swarm)} ·{' '}
        {swarm.role === 'node' ? 'this tab is one of them' : 'this tab is a guest: it holds no layers'}
        {swarm.introduction === 'offline' && swarm.state !== 'offline' && ' · server away: nobody new can join'}
      </p>
    </section>
  );
}

function nodesWords({ nodes, othersKnown }: SwarmSummary): string {
  if (nodes > 0) return `${plural(nodes, 'tab')} in the swarm`;
  return othersKnown ? 'No tab is in the swarm yet' : 'Other tabs are not known yet';
}
