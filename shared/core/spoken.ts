/** A value of unknown making as a sentence may quote it: cut short; lists and objects named, not written. */

/** They may be megabytes, nest deeper than can be written, or refuse to become a text. */
export function spoken(value: unknown, most: number): string {
  if (typeof value === "string") return value.length > most ? `${value.slice(0, most - 1)}…` : value;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

/** At most two decimals, no trailing zeros: 3, 12.5, 0.33. */
export function trimmed(value: number): string {
  return String(Math.round(value * 100) / 100);
}
