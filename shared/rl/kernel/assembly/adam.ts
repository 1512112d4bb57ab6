/** The optimiser: sums the shards' gradients, measures their norm, and takes Adam's step. */

/** gradient (+)= s₀ + s₁ + …, always in this order: the sum does not depend on who computed which shard. */
export function gatherShards(shards: usize, count: i32, bytes: usize, add: bool, gradient: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    let sum = v128.load(shards + at);
    for (let s: usize = 1; s < <usize>count; s++) sum = f32x4.add(sum, v128.load(shards + s * bytes + at));
    v128.store(gradient + at, add ? f32x4.add(v128.load(gradient + at), sum) : sum);
  }
}

/** Σ x², in double precision: the squares of 300,000 small numbers need it. */
export function sumOfSquares(vector: usize, bytes: usize): f64 {
  let even = f64x2.splat(0);
  let odd = f64x2.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    const x = v128.load(vector + at);
    const low = f64x2.promote_low_f32x4(x);
    const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 2, 3));
    even = f64x2.add(even, f64x2.mul(low, low));
    odd = f64x2.add(odd, f64x2.mul(high, high));
  }
  const both = f64x2.add(even, odd);
  return f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
}

/**
 * m = β₁ m + (1 − β₁) g;  v = β₂ v + (1 − β₂) g²;  w −= α m̂ / (√v̂ + ε)        (Kingma & Ba 2015, algorithm 1)
 * g is the gradient times `scale`, which clips its norm; α / (1 − β₁ᵗ) comes as `stepSize`, √(1 − β₂ᵗ) as `rootCorrection`.
 */
export function adam(
  weights: usize,
  gradient: usize,
  firstMoments: usize,
  secondMoments: usize,
  bytes: usize,
  scale: f32,
  stepSize: f32,
  rootCorrection: f32,
  epsilon: f32,
  beta1: f32,
  beta2: f32,
  oneMinusBeta1: f32,
  oneMinusBeta2: f32,
): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    const g = f32x4.mul(v128.load(gradient + at), f32x4.splat(scale));
    const m = f32x4.add(
      f32x4.mul(v128.load(firstMoments + at), f32x4.splat(beta1)),
      f32x4.mul(g, f32x4.splat(oneMinusBeta1)),
    );
    const v = f32x4.add(
      f32x4.mul(v128.load(secondMoments + at), f32x4.splat(beta2)),
      f32x4.mul(f32x4.mul(g, g), f32x4.splat(oneMinusBeta2)),
    );
    const root = f32x4.add(f32x4.div(f32x4.sqrt(v), f32x4.splat(rootCorrection)), f32x4.splat(epsilon));
    const step = f32x4.div(f32x4.mul(m, f32x4.splat(stepSize)), root);
    v128.store(firstMoments + at, m);
    v128.store(secondMoments + at, v);
    v128.store(weights + at, f32x4.sub(v128.load(weights + at), step));
  }
}
