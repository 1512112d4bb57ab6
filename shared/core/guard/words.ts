/** Numbers as people read them. */

/** At most two decimals, no trailing zeros: 3, 12.5, 0.33. */
export function trimmed(value: number): string {
  return String(Math.round(value * 100) / 100);
}
