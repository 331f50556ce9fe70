import { plural } from '../format.ts';
import { usePage } from '../page-state.ts';
import { ownProgress, swarmWords } from '../status-words.ts';
import { CoverageStrip } from './coverage-strip.tsx';
import { ProgressBar } from './progress-bar.tsx';

/** The state of the swarm in words, the layers that are covered, and what this tab is busy with. */
export function SwarmStatus() {
  const { model } = usePage();
  const swarm = model.swarm.value;
  const shards = model.shards.value;
  const progress = ownProgress(shards);
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
        <strong>{swarmWords(swarm, shards, model.environment.value)}</strong>
      </p>
      {shards.length > 0 && <CoverageStrip shards={shards} />}
      {progress && (
        <div class="own-progress">
          <p>{progress.words}</p>
          <ProgressBar label="This tab's part" percent={progress.percent} />
        </div>
      )}
      <p class="muted swarm-facts">
        {plural(swarm.nodes, 'tab')} in the swarm ·{' '}
        {swarm.role === 'node' ? 'this tab is one of them' : 'this tab is a guest: it can prompt, and holds no layers'}
        {swarm.introduction === 'offline' &&
          swarm.state !== 'offline' &&
          ' · server out of reach, tabs still connected'}
      </p>
    </section>
  );
}
