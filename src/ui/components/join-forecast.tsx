import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { JoinForecast as Told } from '../../app/app-model.ts';
import { ShoalError } from '../../core/errors.ts';
import { laterWords } from '../../words/later-words.ts';
import { joinWordsOf } from '../forecast-words.ts';
import { usePage } from '../page-state.ts';
import { ErrorText } from './error-text.tsx';

/** Measures this device, and says what the model would be like here: now, and with two more such devices. */
export function JoinForecast() {
  const { model } = usePage();
  const told = useSignal<Told | undefined>(undefined);
  const failure = useSignal<ShoalError | undefined>(undefined);
  const others = model.members.value.filter(({ self, ready, draining }) => !self && !draining && ready.length > 0);
  useEffect(() => {
    let shown = true;
    model
      .models()
      .then((shelf) => shelf.foretell(others.length))
      .then(
        (found) => {
          if (shown) told.value = found;
        },
        (thrown: unknown) => {
          if (shown) failure.value = ShoalError.from(thrown);
        },
      );
    return () => {
      shown = false;
    };
  }, [model, others.length]);
  if (failure.value) return <ErrorText code={failure.value.code} detail={failure.value.message} />;
  return (
    <div role="status">
      {told.value ? (
        <ul class="join-forecast" data-testid="join-forecast">
          {joinWordsOf(told.value).map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      ) : (
        <p class="muted">{laterWords().device.measuring}</p>
      )}
    </div>
  );
}
