import { expect, it } from 'vitest';
import { pathOf } from '../../../src/net/channel/link-path.ts';

type Candidate = { readonly candidateType: string; readonly address?: string };

/** What Chromium or Firefox tells of a connection whose chosen pair is of these. */
function connection(browser: 'chromium' | 'firefox', local: Candidate, remote: Candidate) {
  const other = { id: 'p0', type: 'candidate-pair', state: 'failed', localCandidateId: 'x', remoteCandidateId: 'y' };
  const pair = { id: 'p1', type: 'candidate-pair', state: 'succeeded', nominated: true };
  const reports = [
    other,
    { ...pair, localCandidateId: 'l', remoteCandidateId: 'r', ...(browser === 'firefox' ? { selected: true } : {}) },
    { id: 'l', type: 'local-candidate', ...local },
    { id: 'r', type: 'remote-candidate', ...remote },
    { id: 'x', type: 'local-candidate', candidateType: 'relay' },
    { id: 'y', type: 'remote-candidate', candidateType: 'relay' },
    ...(browser === 'chromium' ? [{ id: 't', type: 'transport', selectedCandidatePairId: 'p1' }] : []),
  ];
  const stats = new Map(reports.map((report) => [report.id, report]));
  return { getStats: async () => stats as unknown as RTCStatsReport };
}

it.each([
  ['chromium', 'host', { candidateType: 'host', address: '192.168.1.7' }, 'same-network'],
  ['firefox', 'host', { candidateType: 'prflx', address: '10.0.0.4' }, 'same-network'],
  ['chromium', 'host', { candidateType: 'host' }, 'same-network'],
  ['chromium', 'srflx', { candidateType: 'prflx', address: 'fd12::1' }, 'same-network'],
  ['chromium', 'srflx', { candidateType: 'srflx', address: '203.0.113.9' }, 'direct'],
  ['firefox', 'host', { candidateType: 'prflx', address: '172.40.0.1' }, 'direct'],
  ['chromium', 'relay', { candidateType: 'host', address: '192.168.1.7' }, 'relayed'],
  ['firefox', 'host', { candidateType: 'relay', address: '203.0.113.9' }, 'relayed'],
] as const)('%s, %s to %o: %s', async (browser, candidateType, remote, path) => {
  expect(await pathOf(connection(browser, { candidateType }, remote))).toBe(path);
});

it('is not known where the browser names no pair', async () => {
  expect(await pathOf({ getStats: async () => new Map() as unknown as RTCStatsReport })).toBeUndefined();
});
