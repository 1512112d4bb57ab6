/** The second search for a plan: the cheapest counts at a price of lateness, the price so that the SLO is just kept. */
import { cheapestCounts, type CountsOptions } from "./counts.ts";
import type { LateTable } from "./late-table.ts";
import { refineAround } from "./lower-bound.ts";
import { PLAN_TICK_SECONDS, planOf } from "./plan.ts";
import type { Trials } from "./trials.ts";

/** What the search by price starts from. */
export type PriceOptions = Pick<CountsOptions, "slots" | "minReplicas" | "initialReplicas"> & {
  readonly trials: Trials;
  readonly table: LateTable;
  /** Replicas that the calls of each slot keep busy, and how long a call keeps one busy, seconds. */
  readonly busy: Float64Array;
  readonly busySeconds: number;
  readonly startCostSeconds: number;
  /** From the request for a replica to its first call; leads near it are tried. */
  readonly startupSeconds: number;
  /** Where to look first, replica-seconds for a late call. */
  readonly lateSeconds: number;
};

/** Prices in multiples of the last one that kept the SLO: between which they are looked for, at first and then. */
const FIRST_RANGE = [1 / 3, 2] as const;
const NEXT_RANGE = [1 / 1.3, 1.3] as const;
const DEARER = 4;
const DEARER_TRIALS = 5;
const FIRST_HALVINGS = 7;
const NEXT_HALVINGS = 4;
const SPLICES = 4;
const MAX_RAISED = 4;
const RAISES = 6;

/** Wishes for replicas come so many ticks earlier than a typical start asks for. */
const LEAD_TICKS = [0, 1, 2];
/** Work that a slot leaves undone makes so many calls of the next ones late, for each call's worth of it. */
const LATER_LATE = 0.5;

/** Tries leads, the more the slower starts they are safe against; the trials know the best plan. */
export function searchPrice(options: PriceOptions): void {
  const { lateSeconds, startupSeconds, table } = options;
  const startTicks = Math.max(1, Math.round(startupSeconds / PLAN_TICK_SECONDS));
  const backlog = backlogOf(options);
  const lateAfter = () => table.late.map((calls, at) => calls + LATER_LATE * backlog[at]!);
  let around: Around = { lateSeconds, range: FIRST_RANGE, halvings: FIRST_HALVINGS };
  for (const ticks of LEAD_TICKS) {
    const kept = searchWithLead(options, (startTicks + ticks) * PLAN_TICK_SECONDS, lateAfter, around);
    if (kept !== null) around = { lateSeconds: kept, range: NEXT_RANGE, halvings: NEXT_HALVINGS };
  }
}

/** Where to look for a price. */
interface Around {
  readonly lateSeconds: number;
  readonly range: readonly [number, number];
  readonly halvings: number;
}

/** The lowest price found at which the SLO is kept; null when there was none. */
function searchWithLead(
  options: PriceOptions,
  leadSeconds: number,
  lateAfter: () => Float32Array,
  { lateSeconds, range, halvings }: Around,
): number | null {
  const { trials, table, slots, initialReplicas } = options;
  // A replica that leaves still ends its calls: it costs about as long as a call takes.
  const startSeconds = options.startCostSeconds + leadSeconds + 2 * options.busySeconds;
  const tried: { kept?: Uint16Array; broken?: Uint16Array } = {};
  const isKept = (counts: Uint16Array) => trials.keeps(planOf(counts, slots, leadSeconds, initialReplicas));
  const keepsAt = (price: number) => {
    const prices = { startSeconds, lateSeconds: price };
    const { mostReplicas } = table;
    const { counts } = cheapestCounts({ ...options, ...prices, late: lateAfter(), mostReplicas, serves: "own" });
    refineAround(table, counts);
    const keeps = isKept(counts);
    tried[keeps ? "kept" : "broken"] = counts;
    return keeps;
  };
  let [low, high] = [lateSeconds * range[0], lateSeconds * range[1]];
  for (let dearer = 0; !keepsAt(high); dearer++) {
    if (dearer === DEARER_TRIALS) {
      raise(tried.broken!, table.mostReplicas, isKept);
      return null;
    }
    [low, high] = [high, high * DEARER];
  }
  for (let i = 0; i < halvings; i++) {
    const price = Math.sqrt(low * high);
    if (keepsAt(price)) high = price;
    else low = price;
  }
  if (tried.kept && tried.broken) splice(tried.broken, tried.kept, isKept);
  return high;
}

/** Where even the maximum hardly keeps the SLO, no price does: all counts are raised alike. */
function raise(counts: Uint16Array, mostReplicas: number, isKept: (counts: Uint16Array) => boolean): void {
  let [low, high] = [1, MAX_RAISED];
  for (let i = 0; i < RAISES; i++) {
    const factor = (low + high) / 2;
    if (isKept(counts.map((n) => Math.min(mostReplicas, Math.ceil(n * factor))))) high = factor;
    else low = factor;
  }
}

/** What is left of the budget: the cheaper counts that break the SLO up to an instant, those that keep it from there on. */
function splice(broken: Uint16Array, kept: Uint16Array, isKept: (counts: Uint16Array) => boolean): void {
  let [low, high] = [0, kept.length];
  for (let i = 0; i < SPLICES; i++) {
    const middle = Math.round((low + high) / 2);
    const counts = kept.slice();
    counts.set(broken.subarray(0, middle));
    if (isKept(counts)) low = middle;
    else high = middle;
  }
}

/** Calls' worth of work that a slot cannot do at a count: it makes those late that come after. */
function backlogOf({ table, slots, busy, busySeconds }: PriceOptions): Float32Array {
  const width = table.mostReplicas + 1;
  const backlog = new Float32Array(slots.count * width);
  for (let slot = 0; slot < slots.count; slot++) {
    for (let n = 0; n < width && n < busy[slot]!; n++) {
      backlog[slot * width + n] = ((busy[slot]! - n) * slots.slotSeconds) / busySeconds;
    }
  }
  return backlog;
}
