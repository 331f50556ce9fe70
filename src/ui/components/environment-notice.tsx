import { words } from '../../words/words.ts';
import { usePage } from '../page-state.ts';

/** An address that browsers do not trust: what is wrong, and the two ways out. */
export function InsecureNotice() {
  const secureUrl = `https://${location.host}${location.pathname}${location.hash}`;
  const { strong, why, startWith, thenOpen, here, orThere } = words().insecure;
  return (
    <div class="alert" data-testid="environment" data-notice="insecure" data-level="error" role="alert">
      <div>
        <p>
          <strong>{strong}</strong> {why}
        </p>
        <ul>
          <li>
            {startWith} <code>npm start -- --host 0.0.0.0 --https</code>, {thenOpen} <a href={secureUrl}>{secureUrl}</a>
            {here}
          </li>
          <li>
            {orThere} <code>http://localhost{location.port ? `:${location.port}` : ''}</code>.
          </li>
        </ul>
      </div>
    </div>
  );
}

/** One sentence for everything that this browser does not give the page. */
export function LackNotices() {
  const { lacks, runner } = usePage().model.environment.value;
  // On a graphics card nobody misses the threads.
  const told = lacks.filter((lack) => lack !== 'threads' || runner?.kind === 'cpu');
  return told.map((lack) => (
    <p key={lack} class="environment-notice" data-testid="lack" data-lack={lack}>
      {words().lacks[lack]}
    </p>
  ));
}

/** Says that the processor runs this tab's layers for want of a GPU; nothing where all is well. */
export function EnvironmentNotice() {
  const { secureContext, webgpu, adapter, runner } = usePage().model.environment.value;
  if (!secureContext || webgpu === 'available' || webgpu === 'checking') return null;
  const { gpu } = words();
  return (
    <p
      class="environment-notice"
      data-testid="environment"
      data-notice={webgpu === 'missing' ? 'no-webgpu' : 'software'}
    >
      {runner?.kind === 'webgpu' ? (
        <>
          <strong>{webgpu === 'missing' ? gpu.missing : gpu.software(adapter)}</strong>
          {gpu.asSet}
        </>
      ) : (
        <>
          <strong>{gpu.none}</strong> {gpu.faster}
        </>
      )}
    </p>
  );
}
