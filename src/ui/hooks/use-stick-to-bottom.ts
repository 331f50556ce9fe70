import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** Nearer to the end than this counts as being there: a line of text. */
const NEAR_END_PX = 24;

export interface StickToBottom<Scroller extends HTMLElement, Content extends HTMLElement> {
  readonly scroller: RefObject<Scroller | null>;
  readonly content: RefObject<Content | null>;
  /** False once the person has scrolled up to read. */
  readonly stuck: boolean;
  readonly toEnd: () => void;
}

/** Keeps the end of growing content in sight, unless the person has scrolled up. */
export function useStickToBottom<Scroller extends HTMLElement, Content extends HTMLElement>(): StickToBottom<
  Scroller,
  Content
> {
  const scroller = useRef<Scroller>(null);
  const content = useRef<Content>(null);
  const stuckNow = useRef(true);
  const [stuck, setStuck] = useState(true);

  const toEnd = () => {
    stuckNow.current = true;
    setStuck(true);
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  };

  useEffect(() => {
    const element = scroller.current!;
    let lastTop = element.scrollTop;
    const onScroll = () => {
      const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX;
      // Content that grows also moves the end away: only a scroll upwards is the person's wish.
      if (atEnd) stuckNow.current = true;
      else if (element.scrollTop < lastTop) stuckNow.current = false;
      lastTop = element.scrollTop;
      setStuck(stuckNow.current);
    };
    const observer = new ResizeObserver(() => {
      if (stuckNow.current) element.scrollTo({ top: element.scrollHeight });
    });
    observer.observe(content.current!);
    observer.observe(element);
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', onScroll);
    };
  }, []);

  return { scroller, content, stuck, toEnd };
}
