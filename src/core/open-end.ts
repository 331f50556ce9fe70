/** Length of the longest end of `text` that begins one of `marks` and is not all of it: what comes next will tell. */
export function openEnd(text: string, marks: readonly string[]): number {
  const longest = Math.max(0, ...marks.map((mark) => mark.length - 1));
  for (let length = Math.min(longest, text.length); length > 0; length--) {
    if (marks.some((mark) => mark.length > length && mark.startsWith(text.slice(-length)))) return length;
  }
  return 0;
}
