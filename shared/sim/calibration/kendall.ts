/** Do two rankings agree? */

/**
 * Kendall's τ-b of two scores of the same things: 1 = same order, −1 = reversed; ties count for neither side (Kendall 1945).
 * Null where one side has no order at all: fewer than two things, or all of them tied. A pair that does not count is as if it
 * were not there.
 */
export function kendallTau(
  a: readonly number[],
  b: readonly number[],
  counts: (i: number, j: number) => boolean = () => true,
): number | null {
  let agreement = 0;
  let pairsInA = 0;
  let pairsInB = 0;
  for (let i = 0; i < a.length; i++) {
    for (let j = i + 1; j < a.length; j++) {
      if (!counts(i, j)) continue;
      const inA = Math.sign(a[i]! - a[j]!);
      const inB = Math.sign(b[i]! - b[j]!);
      agreement += inA * inB;
      pairsInA += Math.abs(inA);
      pairsInB += Math.abs(inB);
    }
  }
  return pairsInA === 0 || pairsInB === 0 ? null : agreement / Math.sqrt(pairsInA * pairsInB);
}
