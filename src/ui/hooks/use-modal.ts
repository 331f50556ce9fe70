import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** A dialog that is shown over the page as soon as it is drawn. */
export function useModal(): RefObject<HTMLDialogElement | null> {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    // A press beside it closes it, where the browser knows how.
    dialog.current!.setAttribute('closedby', 'any');
    dialog.current!.showModal();
  }, []);
  return dialog;
}
