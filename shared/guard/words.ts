/** Numbers as people read them, and words that several notes share. */

/** At most two decimals, no trailing zeros: 3, 12.5, 0.33. */
export function trimmed(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Why a decision holds whose count was not read: the number it names is the last known one. */
export const NOT_READ = "the platform did not answer with its replica count";

/** What someone else's count is called in every note about it. */
export const SOMEONE_ELSE = "set by someone else";
