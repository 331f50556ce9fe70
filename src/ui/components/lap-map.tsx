import '../styles/lap.css';
import type { Lap, LinkPath } from '../../app/app-model.ts';
import { formatLayers } from '../../core/ranges.ts';
import { formatMs } from '../../words/format.ts';
import { laterWords } from '../../words/later-words.ts';
import { useSettled } from '../hooks/use-settled.ts';
import { useStageNow } from '../hooks/use-stage-now.ts';
import { usePage } from '../page-state.ts';
import { saveFile } from '../save-file.ts';
import type { TabNames } from '../tab-names.ts';
import { TabMark } from './tab-mark.tsx';

/** Twenty laps a second cannot be read. */
const SHOWN_EVERY_MS = 400;

type Stage = Lap['stages'][number];
const KINDS = ['compute', 'wire', 'wait'] as const;

/** Where the time of one token goes: stage by stage, who, which layers, and milliseconds of compute, wire and wait. */
export function LapMap() {
  const page = usePage();
  const lap = useSettled(page.model.lap, SHOWN_EVERY_MS);
  const now = useStageNow(page.model.lap);
  if (!lap || lap.stages.length === 0) return null;
  const names = page.names.value;
  const said = laterWords().lap;
  const longest = Math.max(...lap.stages.map(stageMs));
  const slowest = lap.stages.findIndex((stage) => stageMs(stage) === longest);
  return (
    <section class="card lap" data-testid="lap" aria-labelledby="lap-title">
      <h2 id="lap-title">{said.title}</h2>
      <p class="lap-total">
        <strong>{said.total(formatMs(lap.totalMs))}</strong> {said.totalOf}
      </p>
      <ol class="lap-stages">
        {lap.stages.map((stage, index) => (
          <StageRow
            key={index}
            stage={stage}
            who={names.of(stage.peerId)}
            longestMs={longest}
            slowest={lap.stages.length > 1 && index === slowest}
            now={lap.stages.length > 1 && index === now.value}
          />
        ))}
      </ol>
      <ul class="lap-legend" aria-hidden="true">
        {KINDS.map((kind) => (
          <li key={kind}>
            <span class="lap-swatch" data-kind={kind} />
            {said.kinds[kind]}
          </li>
        ))}
      </ul>
      <p class="muted" data-testid="lap-words">
        {said.meanOf(lap.laps)}.
        {lap.stages.length > 1 && ` ${said.now} ${slowestWords(lap.stages[slowest]!, names, page.model.paths.value)}`}
      </p>
      <div class="buttons">
        <button type="button" data-testid="trace" onClick={() => saveFile(page.model.traceFile())}>
          {said.trace}
        </button>
      </div>
    </section>
  );
}

interface StageRowProps {
  stage: Stage;
  who: string;
  longestMs: number;
  slowest: boolean;
  /** It has the token. */
  now: boolean;
}

function StageRow({ stage, who, longestMs, slowest, now }: StageRowProps) {
  const times = timesOf(stage);
  const said = laterWords().lap;
  return (
    <li class="lap-stage" data-testid="lap-stage" data-slowest={slowest} data-now={now}>
      <div class="lap-stage-head">
        <span class="lap-stage-who" title={stage.peerId}>
          <TabMark peerId={stage.peerId} /> {said.stage(formatLayers(stage.layers), who)}
        </span>
        <span>{said.total(formatMs(stageMs(stage)))}</span>
      </div>
      <div class="lap-bar">
        {KINDS.map((kind) => (
          <div
            key={kind}
            data-kind={kind}
            style={{ width: `${longestMs > 0 ? (100 * times[kind]) / longestMs : 0}%` }}
          />
        ))}
      </div>
      <p class="lap-times muted">{KINDS.map((kind) => `${said.kinds[kind]} ${formatMs(times[kind])}`).join(' · ')}</p>
    </li>
  );
}

function timesOf({ computeMs, wireMs, waitMs }: Stage): Record<(typeof KINDS)[number], number> {
  return { compute: computeMs, wire: wireMs, wait: waitMs };
}

function stageMs({ computeMs, wireMs, waitMs }: Stage): number {
  return computeMs + wireMs + waitMs;
}

/** Which stage takes longest, what with, and what would help. */
function slowestWords(stage: Stage, names: TabNames, paths: ReadonlyMap<string, LinkPath>): string {
  const times = timesOf(stage);
  const most = KINDS.reduce((best, kind) => (times[kind] > times[best] ? kind : best));
  const { slowest, kinds, remedies } = laterWords().lap;
  const who = names.of(stage.peerId);
  const relayed = most === 'wire' && paths.get(stage.peerId) === 'relayed';
  return `${slowest(formatLayers(stage.layers), who, kinds[most])} ${remedies[relayed ? 'relayed' : most](who)}`;
}
