/** A seeded order of faults: the same seed, the same order; everything comes once before anything comes twice. */
import { seededRandom } from "../../core/random.ts";

/** `count` of the given kinds. */
export function planOf<T>(seed: number | string, kinds: readonly T[], count = kinds.length): T[] {
  const random = seededRandom(seed);
  const plan: T[] = [];
  while (kinds.length > 0 && plan.length < count) {
    const round = [...kinds];
    while (round.length > 0) plan.push(...round.splice(random.integer(round.length), 1));
  }
  return plan.slice(0, count);
}
