import type * as v from 'valibot';

/** The place that an issue is about, as programs write it: `messages[0].content`. */
export function fieldName(issue: v.BaseIssue<unknown>): string {
  return (issue.path ?? [])
    .map(({ key }, place) => (typeof key === 'number' ? `[${key}]` : `${place === 0 ? '' : '.'}${String(key)}`))
    .join('');
}
