import type { Lack } from '../../app/app-model.ts';
import { usePage } from '../page-state.ts';

/** An address that browsers do not trust: what is wrong, and the two ways out. */
export function InsecureNotice() {
  const secureUrl = `https://${location.host}${location.pathname}${location.hash}`;
  return (
    <div class="alert" data-testid="environment" data-notice="insecure" data-level="error" role="alert">
      <div>
        <p>
          <strong>This address is not secure, so Shoal cannot run here.</strong> Over plain http from another machine a
          browser gives a page no WebGPU, no cryptography and no storage.
        </p>
        <ul>
          <li>
            On the server's machine start it with <code>npm start -- --host 0.0.0.0 --https</code>, then open{' '}
            <a href={secureUrl}>{secureUrl}</a> here.
          </li>
          <li>
            Or open the page on the server's own machine, as{' '}
            <code>http://localhost{location.port ? `:${location.port}` : ''}</code>.
          </li>
        </ul>
      </div>
    </div>
  );
}

const LACK_WORDS: Readonly<Record<Lack, string>> = {
  webrtc:
    'This browser has no WebRTC: this tab cannot work with others, and answers once all shards run here (“Run it all here”).',
  'site-data':
    'This browser keeps no site data: shards lie in memory, and nothing is there any more when the page is closed or reloaded.',
  'lasting-site-data': 'This is a private window: shards and conversation are gone when it is closed.',
  threads: 'This browser gives the page no shared memory: the processor runs layers on one thread.',
};

/** One sentence for everything that this browser does not give the page. */
export function LackNotices() {
  const { lacks, runner } = usePage().model.environment.value;
  // On a graphics card nobody misses the threads.
  const told = lacks.filter((lack) => lack !== 'threads' || runner?.kind === 'cpu');
  return told.map((lack) => (
    <p key={lack} class="environment-notice" data-testid="lack" data-lack={lack}>
      {LACK_WORDS[lack]}
    </p>
  ));
}

/** Says that the processor runs this tab's layers for want of a GPU; nothing where all is well. */
export function EnvironmentNotice() {
  const { secureContext, webgpu, adapter, runner } = usePage().model.environment.value;
  if (!secureContext || webgpu === 'available' || webgpu === 'checking') return null;
  return (
    <p
      class="environment-notice"
      data-testid="environment"
      data-notice={webgpu === 'missing' ? 'no-webgpu' : 'software'}
    >
      {runner?.kind === 'webgpu' ? (
        <>
          <strong>
            {webgpu === 'missing' ? 'This browser has no WebGPU' : `Only a software GPU was found (${adapter})`}
          </strong>
          , and the settings ask for it. Choose “Automatic” there and open the page again.
        </>
      ) : (
        <>
          <strong>No GPU found: layers run on the processor.</strong> A current browser with hardware acceleration on is
          faster.
        </>
      )}
    </p>
  );
}
