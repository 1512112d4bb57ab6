/** How much better than expected an action was: generalised advantage estimation. */

/** Time-major like `Sequences`: what belongs to step t of environment b is at row t · environments + b. */
export interface ValuedSteps {
  readonly steps: number;
  readonly environments: number;
  readonly rewards: ArrayLike<number>;
  /** V(oₜ) under the policy that acted. */
  readonly values: ArrayLike<number>;
  /** V(oₜ₊₁), the last observation of an episode included. */
  readonly nextValues: ArrayLike<number>;
  /** 1 where the task came to its end: there is no future. */
  readonly terminated: ArrayLike<number>;
  /** 1 where the episode was cut: there is a future, and V(oₜ₊₁) estimates it. */
  readonly truncated: ArrayLike<number>;
}

/** The parameters of generalised advantage estimation. */
export interface AdvantageOptions {
  readonly discount: number;
  readonly gaeLambda: number;
  /** False treats a cut like an end, as the published code does. */
  readonly bootstrapTruncation: boolean;
}

/** Advantages and returns of a rollout, one each per row. */
export interface Advantages {
  readonly advantages: Float32Array;
  /** Ât + V(oₜ): what the critic learns. */
  readonly returns: Float32Array;
}

/** Schulman et al. 2015b, "High-dimensional continuous control using generalized advantage estimation", eq. 16. */
export function generalisedAdvantages(
  { steps, environments, rewards, values, nextValues, terminated, truncated }: ValuedSteps,
  { discount, gaeLambda, bootstrapTruncation }: AdvantageOptions,
): Advantages {
  const advantages = new Float32Array(steps * environments);
  const returns = new Float32Array(steps * environments);
  for (let b = 0; b < environments; b++) {
    let running = 0;
    for (let t = steps - 1; t >= 0; t--) {
      const row = t * environments + b;
      const isCut = truncated[row] === 1;
      const hasFuture = terminated[row] === 1 || (isCut && !bootstrapTruncation) ? 0 : 1;
      const goesOn = hasFuture === 1 && !isCut ? 1 : 0;
      // δₜ = rₜ + γ V(oₜ₊₁) − V(oₜ);  Âₜ = δₜ + γλ Âₜ₊₁            (PPO paper, eq. 11–12)
      const delta = rewards[row]! + discount * nextValues[row]! * hasFuture - values[row]!;
      running = delta + discount * gaeLambda * goesOn * running;
      advantages[row] = running;
      returns[row] = running + values[row]!;
    }
  }
  return { advantages, returns };
}

/** 1 − Var(G − V) ÷ Var(G): 1 when the critic knows all, 0 when it knows no more than the mean; null when G is constant. */
export function explainedVariance(values: ArrayLike<number>, returns: ArrayLike<number>): number | null {
  const total = variance(returns);
  if (total === 0) return null;
  return 1 - variance(Float64Array.from(returns, (value, i) => value - values[i]!)) / total;
}

function variance(numbers: ArrayLike<number>): number {
  let mean = 0;
  for (let i = 0; i < numbers.length; i++) mean += numbers[i]! / numbers.length;
  let squares = 0;
  for (let i = 0; i < numbers.length; i++) squares += (numbers[i]! - mean) ** 2 / numbers.length;
  return squares;
}
