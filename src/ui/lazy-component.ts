import { type ReadonlySignal, signal } from '@preact/signals';
import type { FunctionComponent } from 'preact';

/** A component whose code comes later: undefined until `load` is done, drawn again by itself then. */
export interface LazyComponent<Props> {
  readonly component: ReadonlySignal<FunctionComponent<Props> | undefined>;
  /** Never rejects: without its code the page goes on without it, and the next call tries again. */
  load(): Promise<void>;
}

export function lazyComponent<Props>(imported: () => Promise<FunctionComponent<Props>>): LazyComponent<Props> {
  const component = signal<FunctionComponent<Props> | undefined>(undefined);
  let loading: Promise<void> | undefined;
  const load = () => {
    loading ??= imported().then(
      (loaded) => {
        component.value = loaded;
      },
      () => {
        loading = undefined;
      },
    );
    return loading;
  };
  return { component, load };
}
