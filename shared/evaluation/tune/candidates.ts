/** Seeded draws of a rule's options: first spread over the whole range, then around the best so far. */
import type { Random } from "../../core/random.ts";
import type { Dimension } from "../../policies/rule.ts";

/**
 * A Latin hypercube: each dimension's range is cut into `count` strata and each stratum is met once. With `around`, the range is
 * a third of the whole, centred there and kept inside. Values are rounded to their step; a list may hold equal ones.
 */
export function latinHypercube(
  dimensions: readonly Dimension[],
  count: number,
  random: Random,
  around: readonly number[] | null = null,
): number[][] {
  const columns = dimensions.map((dimension, d) => {
    const chance = random.fork(dimension.key);
    const strata = shuffled(count, chance);
    const [low, high] = around === null ? [0, 1] : third(shareOf(dimension, around[d]!));
    return strata.map((stratum) => {
      const share = (stratum + chance.next()) / count;
      return valueAt(dimension, low + share * (high - low));
    });
  });
  return Array.from({ length: count }, (_, i) => columns.map((column) => column[i]!));
}

/** The value at a share of the range, 0…1. */
function valueAt({ low, high, step, isLog }: Dimension, share: number): number {
  const value = isLog ? low * (high / low) ** share : low + share * (high - low);
  const stepped = Math.round(value / step) * step;
  // 0.1 · 3 is not 0.3: what is written is the decimal.
  return Number(Math.min(high, Math.max(low, stepped)).toFixed(6));
}

function shareOf({ low, high, isLog }: Dimension, value: number): number {
  return isLog ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
}

function third(centre: number): [low: number, high: number] {
  const low = Math.min(2 / 3, Math.max(0, centre - 1 / 6));
  return [low, low + 1 / 3];
}

/** 0…count − 1 in random order (Fisher and Yates). */
function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
