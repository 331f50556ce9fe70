import type { LinkPath } from '../transport.ts';

/** What `getStats` tells of a candidate. */
interface Candidate {
  readonly candidateType?: string;
  readonly address?: string | null;
}

interface Report extends Candidate {
  readonly id: string;
  readonly type: string;
  readonly state?: string;
  readonly nominated?: boolean;
  readonly selected?: boolean;
  readonly selectedCandidatePairId?: string;
  readonly localCandidateId?: string;
  readonly remoteCandidateId?: string;
}

/** Of networks that nobody outside reaches. */
const PRIVATE_ADDRESS = /^(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|::1$|f[cd]|fe[89ab])|\.local$/i;

/** The way that a connection's bytes take now; undefined where its browser does not tell. */
export async function pathOf(connection: Pick<RTCPeerConnection, 'getStats'>): Promise<LinkPath | undefined> {
  const reports = new Map([...(await connection.getStats()).entries()] as [string, Report][]);
  const all = [...reports.values()];
  const chosen = all.find(({ type, selectedCandidatePairId }) => type === 'transport' && selectedCandidatePairId);
  const pair =
    reports.get(chosen?.selectedCandidatePairId ?? '') ??
    all.find(
      ({ type, selected, nominated, state }) =>
        type === 'candidate-pair' && (selected || (nominated && state === 'succeeded')),
    );
  const local = reports.get(pair?.localCandidateId ?? '');
  const remote = reports.get(pair?.remoteCandidateId ?? '');
  if (!local || !remote) return undefined;
  if ([local, remote].some(({ candidateType }) => candidateType === 'relay')) return 'relayed';
  const within = isHost(local) && isHost(remote);
  return within || PRIVATE_ADDRESS.test(remote.address ?? '') ? 'same-network' : 'direct';
}

function isHost({ candidateType }: Candidate): boolean {
  return candidateType === 'host';
}
