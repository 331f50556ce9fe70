import { words } from '../../words/words.ts';
import { usePage } from '../page-state.ts';
import { EnvironmentNotice, LackNotices } from './environment-notice.tsx';
import { Invite } from './invite.tsx';
import { JoinControls } from './join-controls.tsx';
import { LapMap } from './lap-map.tsx';
import { LendPanel } from './lend-panel.tsx';
import { LogPanel } from './log-panel.tsx';
import { MemberList } from './member-list.tsx';
import { SettingsPanel } from './settings-panel.tsx';
import { ShardList } from './shard-list.tsx';
import { SwarmStatus } from './swarm-status.tsx';
import { Timeline } from './timeline.tsx';
import { VerifyPanel } from './verify-panel.tsx';
import { Welcome } from './welcome.tsx';

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
        <Timeline />
        <LapMap />
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
