/** How many of their first elements two lists have in common. @param limit - at most so many */
export function commonLength(one: readonly number[], other: readonly number[], limit: number): number {
  const end = Math.min(one.length, other.length, limit);
  let length = 0;
  while (length < end && one[length] === other[length]) length++;
  return length;
}
