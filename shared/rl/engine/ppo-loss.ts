/** PPO's loss and its gradient at the heads, in double precision; kernel/assembly/loss.ts is the same in the wasm engine. */
import type { NetworkSpec } from "./network.ts";
import { normaliseAdvantages, rowsThatCount } from "./normalise.ts";
import type { LossOptions, LossReport, Minibatch } from "./types.ts";

/** PPO's loss on a minibatch and its gradient at the network's outputs. */
export interface LossGradient {
  readonly report: LossReport;
  /** d total loss ÷ d logits, [rows, actions], and ÷ d values, [rows]. */
  readonly dLogits: Float32Array;
  readonly dValues: Float32Array;
}

/** `logits` and `values` are those of the minibatch's rows. */
export function ppoLoss(
  { actions }: NetworkSpec,
  logits: Float32Array,
  values: Float32Array,
  minibatch: Minibatch,
  options: LossOptions,
): LossGradient {
  const { masks, actionMasks, oldLogProbs, returns } = minibatch;
  const { clipRange, valueCoefficient, entropyCoefficient } = options;
  const advantages = options.normaliseAdvantages
    ? normaliseAdvantages(minibatch.advantages, masks)
    : minibatch.advantages;
  const rows = rowsThatCount(values.length, masks);
  const sums = { policy: 0, value: 0, entropy: 0, kl: 0, clipped: 0 };
  const dLogits = new Float32Array(logits.length);
  const dValues = new Float32Array(values.length);

  for (let row = 0; row < values.length; row++) {
    if (masks?.[row] === 0) continue;
    const first = row * actions;
    const logPolicy = logSoftmax(
      logits.subarray(first, first + actions),
      actionMasks?.subarray(first, first + actions),
    );
    const action = minibatch.actions[row]!;
    const advantage = advantages[row]!;

    // L = −min(r Â, clip(r, 1 − ε, 1 + ε) Â)        (PPO paper, eq. 7)
    const logRatio = logPolicy[action]! - oldLogProbs[row]!;
    const ratio = Math.exp(logRatio);
    const free = ratio * advantage;
    const clipped = Math.max(1 - clipRange, Math.min(1 + clipRange, ratio)) * advantage;
    sums.policy -= Math.min(free, clipped);
    // Where the clipped term is the smaller one it is constant; d r ÷ d log π = r.
    const dLogProb = free <= clipped ? -free : 0;

    // S = −Σ π log π;  d log π(a) ÷ d z(k) = [k = a] − π(k);  d S ÷ d z(k) = −π(k) (log π(k) + S)
    const entropy = -logPolicy.reduce((sum, log) => (log === -Infinity ? sum : sum + Math.exp(log) * log), 0);
    sums.entropy += entropy;
    logPolicy.forEach((log, k) => {
      if (log === -Infinity) return;
      const p = Math.exp(log);
      const dLogit = dLogProb * ((k === action ? 1 : 0) - p) + entropyCoefficient * p * (log + entropy);
      dLogits[first + k] = dLogit / rows;
    });

    // (G − V)²
    const error = values[row]! - returns[row]!;
    sums.value += error * error;
    dValues[row] = (2 * valueCoefficient * error) / rows;

    sums.kl += ratio - 1 - logRatio;
    if (Math.abs(ratio - 1) > clipRange) sums.clipped++;
  }
  return { report: reportOf(sums, rows, options), dLogits, dValues };
}

/** Sums over the rows that count, before they become means. */
export interface LossSums {
  readonly policy: number;
  readonly value: number;
  readonly entropy: number;
  readonly kl: number;
  readonly clipped: number;
}

/** The means of the sums over `rows` rows, and the total loss. */
export function reportOf(sums: LossSums, rows: number, options: LossOptions): LossReport {
  const policyLoss = sums.policy / rows;
  const valueLoss = sums.value / rows;
  const entropy = sums.entropy / rows;
  const totalLoss = policyLoss + options.valueCoefficient * valueLoss - options.entropyCoefficient * entropy;
  return {
    policyLoss,
    valueLoss,
    entropy,
    totalLoss,
    approxKl: sums.kl / rows,
    clipFraction: sums.clipped / rows,
    rows,
  };
}

/** log π(a) = z(a) − log Σ exp z over the allowed actions; −∞ for the others. */
function logSoftmax(logits: Float32Array, allowed: Uint8Array | undefined): Float64Array {
  const open = Float64Array.from(logits, (logit, a) => (allowed?.[a] === 0 ? -Infinity : logit));
  const largest = Math.max(...open);
  const logTotal = largest + Math.log(open.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
  return open.map((logit) => logit - logTotal);
}
