/** Durations as the watchdog reads them: Go's `1m30s`, or bare seconds. */
import { BadInputError } from "../core/errors.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
/** Sticky: each part begins where the last one ended, and nothing is sought further on. */
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/gy;
/** More than anyone writes, and less than costs anything: callers send durations too. */
const MAX_LETTERS = 100;

/** Milliseconds. Throws `BadInputError` that names `setting` for anything else, and for less than nothing. */
export function parseDurationMs(text: string, setting: string): number {
  if (text.length > MAX_LETTERS) {
    throw new BadInputError(
      `${setting} must be a duration of at most ${MAX_LETTERS} letters, was: ${text.length} letters`,
    );
  }
  const trimmed = text.trim();
  if (/^\d+$/.test(trimmed)) return Number(trimmed) * 1_000;
  const parts = [...trimmed.matchAll(PART)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join("") !== trimmed) {
    throw new BadInputError(`${setting} must be a duration like '10s' or '1m30s', was: '${text}'`);
  }
  return parts.reduce((sumMs, [, amount, unit]) => sumMs + Number(amount) * UNIT_MS[unit!]!, 0);
}
