/** How many of their first elements two lists, or texts, have in common. @param limit - at most so many */
export function commonLength<Element>(
  one: ArrayLike<Element>,
  other: ArrayLike<Element>,
  limit = Number.POSITIVE_INFINITY,
): number {
  const end = Math.min(one.length, other.length, limit);
  let length = 0;
  while (length < end && one[length] === other[length]) length++;
  return length;
}
