/**
 * How fast requests come just now: their mean rate over the longest recent span in which it did not change.
 *
 * Over a quiet load the span is long, and chance moves the mean little; a burst cuts it short at once, and so does the burst's end.
 * Two parts of a span differ where the square roots of their counts do: whatever the rate, √(count) of a Poisson process has the same
 * spread (Anscombe 1948; the cutting of the span follows ADWIN, Bifet and Gavaldà 2007).
 */

/** What came in a piece of time. */
export interface Piece {
  readonly seconds: number;
  readonly arrivals: number;
}

/** Never changed in place. */
export interface SteadySpan {
  /** Pieces that follow one another, oldest first. */
  readonly pieces: readonly Piece[];
  /** The rate before the span began, requests a second; null where it is not known. */
  readonly before: number | null;
}

/** When a span is cut, and what it forgets. */
export interface SteadyRateSettings {
  /** A span that lasts so long, seconds, and has so many arrivals, forgets what is older: more would add little. */
  readonly enoughSeconds: number;
  readonly enoughArrivals: number;
  /** Nothing older counts, seconds. */
  readonly longestSeconds: number;
  /** A part so many times shorter than this, seconds, must differ by as many times more: a single piece says little. */
  readonly shortestSeconds: number;
  /** By how many standard deviations two parts must differ to be two rates. */
  readonly deviations: number;
  /** How far from the mean of a new span, in standard deviations, the rate is taken to be still nearer to the one before. */
  readonly doubt: number;
}

/** The span before the first tick. */
export const NO_SPAN: SteadySpan = { pieces: [], before: null };

/** Adds what came since the last piece, and forgets what came at another rate. */
export function addPiece(span: SteadySpan, piece: Piece, settings: SteadyRateSettings): SteadySpan {
  if (!(piece.seconds > 0)) return span;
  const pieces = merged(within([...span.pieces, piece], settings));
  const change = lastChange(pieces, settings);
  if (change === 0) return { pieces, before: span.before };
  const older = { pieces: pieces.slice(0, change), before: span.before };
  return { pieces: pieces.slice(change), before: rateOf(older, settings) };
}

/**
 * Requests a second; null while nothing was seen. After a change it is the rate nearest to the one before that the new count allows:
 * what a few seconds show is a change, and more of it than there is.
 */
export function rateOf({ pieces, before }: SteadySpan, { doubt }: Pick<SteadyRateSettings, "doubt">): number | null {
  const { seconds, arrivals } = totalOf(pieces);
  if (!(seconds > 0)) return null;
  if (before === null) return arrivals / seconds;
  const root = Math.sqrt(arrivals + 3 / 8);
  const least = Math.max(0, root - doubt / 2) ** 2 / seconds;
  const most = (root + doubt / 2) ** 2 / seconds;
  return Math.min(most, Math.max(least, before));
}

/** All pieces as one: their seconds and arrivals summed; nothing of none. */
export function totalOf(pieces: readonly Piece[]): Piece {
  let seconds = 0;
  let arrivals = 0;
  for (const piece of pieces) {
    seconds += piece.seconds;
    arrivals += piece.arrivals;
  }
  return { seconds, arrivals };
}

/** The newest pieces, until there is enough of them. */
function within(
  span: readonly Piece[],
  { enoughSeconds, enoughArrivals, longestSeconds }: SteadyRateSettings,
): readonly Piece[] {
  let first = span.length - 1;
  let { seconds, arrivals } = span[first]!;
  for (; first > 0; first--) {
    const older = span[first - 1]!;
    const isEnough = seconds >= enoughSeconds && arrivals >= enoughArrivals;
    if (isEnough || seconds + older.seconds > longestSeconds) break;
    seconds += older.seconds;
    arrivals += older.arrivals;
  }
  return first === 0 ? span : span.slice(first);
}

/** Where a span is cut matters less the older it is: neighbours become one where they last an eighth of what came after them. */
const FINENESS = 8;

function merged(span: readonly Piece[]): readonly Piece[] {
  const newestFirst: Piece[] = [];
  let after = 0;
  for (let i = span.length - 1; i >= 0; i--) {
    const piece = span[i]!;
    const newer = newestFirst.at(-1);
    if (newer !== undefined && newer.seconds + piece.seconds <= (after - newer.seconds) / FINENESS) {
      const both = { seconds: newer.seconds + piece.seconds, arrivals: newer.arrivals + piece.arrivals };
      newestFirst[newestFirst.length - 1] = both;
    } else newestFirst.push(piece);
    after += piece.seconds;
  }
  return newestFirst.length === span.length ? span : newestFirst.reverse();
}

/** Where the newer part differs most from the older one, as the index of its first piece; 0 where nothing differs enough. */
function lastChange(span: readonly Piece[], { shortestSeconds, deviations }: SteadyRateSettings): number {
  const whole = totalOf(span);
  let [seconds, arrivals, at, most] = [0, 0, 0, deviations];
  for (let i = span.length - 1; i > 0; i--) {
    seconds += span[i]!.seconds;
    arrivals += span[i]!.arrivals;
    const before = { seconds: whole.seconds - seconds, arrivals: whole.arrivals - arrivals };
    if (before.seconds < shortestSeconds) break;
    const timesTooShort = Math.max(1, shortestSeconds / seconds);
    const difference = Math.abs(deviationsBetween({ seconds, arrivals }, before)) / timesTooShort;
    if (difference > most) [at, most] = [i, difference];
  }
  return at;
}

/** By how many standard deviations the rate of `a` is above that of `b`, if both came from one Poisson process. */
function deviationsBetween(a: Piece, b: Piece): number {
  const root = ({ seconds, arrivals }: Piece) => 2 * Math.sqrt((arrivals + 3 / 8) / seconds);
  return (root(a) - root(b)) / Math.sqrt(1 / a.seconds + 1 / b.seconds);
}
