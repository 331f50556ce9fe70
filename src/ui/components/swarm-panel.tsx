import { useComputed } from '@preact/signals';
import { words } from '../../words/words.ts';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';
import { EnvironmentNotice, LackNotices } from './environment-notice.tsx';
import { Invite } from './invite.tsx';
import { JoinControls } from './join-controls.tsx';
import { Later } from './later.tsx';
import { LendPanel } from './lend-panel.tsx';
import { LogPanel } from './log-panel.tsx';
import { MemberList } from './member-list.tsx';
import { SettingsPanel } from './settings-panel.tsx';
import { ShardList } from './shard-list.tsx';
import { SwarmStatus } from './swarm-status.tsx';
import { VerifyPanel } from './verify-panel.tsx';
import { Welcome } from './welcome.tsx';

/** What answers leave behind: before the first there is none. */
export const lapMap = lazyComponent(async () => (await import('./later-parts.ts')).LapMap);
export const timeline = lazyComponent(async () => (await import('./later-parts.ts')).Timeline);

/** All about the swarm: its state, its shards, who is in it, and how to check it. */
export function SwarmPanel() {
  const { model, phase, joining } = usePage();
  const newcomer =
    phase.value === 'setup' &&
    model.swarm.value.role === 'guest' &&
    model.admission.value !== 'guest' &&
    !joining.value;
  return (
    <section class="swarm-panel" aria-label={words().page.swarm}>
      <div class="swarm-column">
        {newcomer && <Welcome />}
        <EnvironmentNotice />
        <LackNotices />
        <SwarmStatus />
        <Trail />
        <section class="card" aria-labelledby="shards-title">
          <h2 id="shards-title">{words().shard.title}</h2>
          <ShardList />
          <JoinControls />
        </section>
        <Invite />
        <MemberList />
        <LendPanel />
        <VerifyPanel />
        <div class="card panels">
          <LogPanel />
          <SettingsPanel />
        </div>
      </div>
    </section>
  );
}

function Trail() {
  const { model } = usePage();
  // Not what they are: that changes with every token.
  const happened = useComputed(() => model.timeline.value.length > 0);
  const measured = useComputed(() => model.lap.value !== undefined);
  return (
    <>
      {happened.value && <Later of={timeline} />}
      {measured.value && <Later of={lapMap} />}
    </>
  );
}
