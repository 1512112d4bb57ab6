/** Advantages of one minibatch at mean 0 and deviation 1. */

/** Against division by zero, as in Stable-Baselines3. */
const TINY = 1e-8;

/**
 * (Â − mean) ÷ (sample deviation + 1e-8) over the rows that count; the others become 0. One row alone has no deviation
 * and is left as it is.
 */
export function normaliseAdvantages(advantages: Float32Array, masks: Uint8Array | null): Float32Array {
  const counts = (row: number) => masks === null || masks[row] === 1;
  let rows = 0;
  let sum = 0;
  advantages.forEach((advantage, row) => {
    if (!counts(row)) return;
    rows++;
    sum += advantage;
  });
  if (rows < 2) return advantages;
  const mean = sum / rows;
  let squares = 0;
  advantages.forEach((advantage, row) => {
    if (counts(row)) squares += (advantage - mean) ** 2;
  });
  const deviation = Math.sqrt(squares / (rows - 1));
  return advantages.map((advantage, row) => (counts(row) ? (advantage - mean) / (deviation + TINY) : 0));
}

/** How many rows have mask 1; all of them without masks. */
export function rowsThatCount(rows: number, masks: Uint8Array | null): number {
  return masks === null ? rows : masks.reduce((count, mask) => count + mask, 0);
}
