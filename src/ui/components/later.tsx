import { useEffect } from 'preact/hooks';
import type { LazyComponent } from '../lazy-component.ts';

/** A component whose code is asked for when it is first to be seen. */
export function Later({ of }: { of: LazyComponent<object> }) {
  useEffect(() => void of.load(), [of]);
  const Part = of.component.value;
  return Part ? <Part /> : null;
}
