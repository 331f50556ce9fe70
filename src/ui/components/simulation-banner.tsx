import '../styles/simulation.css';
import { laterWords } from '../../words/later-words.ts';
import { usePage } from '../page-state.ts';

/** Says, as long as the page is open, that nothing on it is real, and what its address says wrong of it. */
export function SimulationBanner() {
  const { simulation } = usePage().model;
  if (!simulation) return null;
  const { title, about, label, wrong } = laterWords().simulation;
  return (
    <aside class="simulation-banner" data-testid="simulation" aria-label={label}>
      <p>
        <strong>{title}</strong> {about(simulation.devices)}
      </p>
      {simulation.wrong.map(({ name, given, least, most, used }) => (
        <p key={name} data-testid="simulation-wrong">
          {wrong(`${name}=${given}`, least, most, used)}
        </p>
      ))}
    </aside>
  );
}
