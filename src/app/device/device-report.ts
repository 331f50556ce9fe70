import { log } from '../../core/log.ts';
import type { Environment } from '../app-model.ts';
import type { SwarmSession } from '../swarm-session.ts';
import type { Preflight } from './preflight.ts';

export interface ReportParts {
  /** Of the server. */
  readonly version: string;
  readonly session: SwarmSession;
  readonly environment: Environment;
  /** What was measured, or why nothing was. */
  readonly measured: Preflight | string;
}

/** Of the log, the newest lines. */
const MAX_LINES = 40;

/** What somebody needs to know who is asked for help, as text. It holds no prompt, no answer, no secret. */
export function deviceReport({ version, session, environment, measured }: ReportParts): string {
  const { node, model, membership } = session;
  const members = node?.membership.members() ?? [];
  const lines = [
    `Shoal ${version}`,
    `browser: ${navigator.userAgent}`,
    `processors: ${navigator.hardwareConcurrency}, isolated: ${globalThis.crossOriginIsolated}`,
    `WebGPU: ${environment.webgpu} ${environment.adapter}`.trimEnd(),
    `runs on: ${environment.runner?.kind ?? 'unknown'} (${environment.runner?.reason ?? ''})`,
    `lacks: ${environment.lacks.join(', ') || 'nothing'}`,
    `storage: ${environment.usedBytes} of ${environment.quotaBytes} bytes`,
    ...(typeof measured === 'string' ? [`not measured: ${measured}`] : measuredLines(measured)),
    `swarm: ${membership ? 'private' : 'open'}, ${model.manifest.shards.length} shards, ${members.length} other members`,
    ...members.map(
      ({ ready, pending, layersPerSecond }) =>
        `member: ready ${ready.join(' ') || '-'}, pending ${pending.join(' ') || '-'}, ${layersPerSecond.toFixed(0)} layers/s`,
    ),
    ...log
      .lines()
      .slice(-MAX_LINES)
      .map(({ level, scope, text }) => `${level} [${scope}] ${text}`),
  ];
  return `${lines.join('\n')}\n`;
}

function measuredLines({ speed, room, reach }: Preflight): string[] {
  const { info } = speed;
  return [
    `computes on: ${info.adapter}; self-test ${speed.correct ? 'right' : 'WRONG'} (off by ${speed.deviation.toExponential(1)})`,
    `weights: ${(speed.weightBytesPerSecond / 1e9).toFixed(2)} GB/s, prompts: ${(speed.macsPerSecond / 1e9).toFixed(2)} GMAC/s`,
    `a task: ${speed.taskMs.toFixed(2)} ms, a layer: ${speed.layerMs.toFixed(3)} ms`,
    `room: ${room.memoryBytes ?? 'unknown'} bytes of memory, ${room.storageBytes ?? 'unknown'} of storage`,
    `download: ${room.downloadBytesPerSecond?.toFixed(0) ?? 'unknown'} bytes/s; reach: ${reach}`,
  ];
}
