/** The policy's distribution over actions: softmax of the logits over the actions that are allowed. */
import type { Random } from "../core/random.ts";

/** log π(a) for each action; −∞ where the mask, if there is one, forbids. At least one action must be allowed. */
export function logProbabilities(logits: ArrayLike<number>, mask: ArrayLike<number> | null): Float64Array {
  const allowed = (action: number) => mask === null || mask[action] === 1;
  let largest = -Infinity;
  for (let a = 0; a < logits.length; a++) if (allowed(a)) largest = Math.max(largest, logits[a]!);
  if (largest === -Infinity) throw new RangeError("the action mask allows nothing");
  let sum = 0;
  for (let a = 0; a < logits.length; a++) if (allowed(a)) sum += Math.exp(logits[a]! - largest);
  const logSum = largest + Math.log(sum);
  return Float64Array.from(logits, (logit, a) => (allowed(a) ? logit - logSum : -Infinity));
}

/** Draws an action from its log probabilities. */
export function sampled(logProbs: ArrayLike<number>, random: Random): number {
  let left = random.next();
  let last = 0;
  for (let a = 0; a < logProbs.length; a++) {
    if (logProbs[a] === -Infinity) continue;
    last = a;
    left -= Math.exp(logProbs[a]!);
    if (left < 0) return a;
  }
  // Rounding may leave a remainder; it belongs to the last action that is allowed.
  return last;
}

/** The likeliest action; the first of equals. */
export function likeliest(logProbs: ArrayLike<number>): number {
  let best = 0;
  for (let a = 1; a < logProbs.length; a++) if (logProbs[a]! > logProbs[best]!) best = a;
  return best;
}
