/** `31,4`, `0,70`: with a comma, without groups. @param digits - behind the comma */
export function decimal(value: number, digits: number): string {
  return new Intl.NumberFormat('de', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    useGrouping: false,
  }).format(value);
}

/** `1 Tab`, `2 Tabs`. */
export function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
