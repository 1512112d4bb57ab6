/** PPO's loss of one row and its gradient at the heads, in double precision: there are few of them. */

/** As TypeScript writes them. */
@unmanaged
export class LossOptions {
  clipRange: f64;
  valueCoefficient: f64;
  entropyCoefficient: f64;
  /** 1 ÷ rows that count. */
  rowWeight: f64;
}

/** Sums over the rows of a shard. */
@unmanaged
export class LossSums {
  policy: f64;
  value: f64;
  entropy: f64;
  kl: f64;
  clipped: f64;
}

function isAllowed(allowed: usize, action: i32): bool {
  return allowed === 0 || load<u8>(allowed + <usize>action) !== 0;
}

/** `heads` holds the logits and, behind them, the value; `gradient` gets d loss ÷ d heads in the same places. */
export function lossOfRow(
  heads: usize,
  actions: i32,
  action: i32,
  allowed: usize,
  oldLogProb: f64,
  advantage: f64,
  target: f64,
  options: LossOptions,
  sums: LossSums,
  gradient: usize,
): void {
  // log π(a) = z(a) − log Σ exp z, over the allowed actions
  let largest: f64 = -Infinity;
  for (let a: i32 = 0; a < actions; a++)
    if (isAllowed(allowed, a)) largest = max(largest, <f64>load<f32>(heads + ((<usize>a) << 2)));
  let total: f64 = 0;
  for (let a: i32 = 0; a < actions; a++)
    if (isAllowed(allowed, a)) total += Math.exp(<f64>load<f32>(heads + ((<usize>a) << 2)) - largest);
  const logTotal = largest + Math.log(total);
  const logProb = <f64>load<f32>(heads + ((<usize>action) << 2)) - logTotal;

  // L = −min(r Â, clip(r, 1 − ε, 1 + ε) Â)        (PPO paper, eq. 7)
  const logRatio = logProb - oldLogProb;
  const ratio = Math.exp(logRatio);
  const low = 1 - options.clipRange;
  const high = 1 + options.clipRange;
  const free = ratio * advantage;
  const clipped = max(low, min(high, ratio)) * advantage;
  sums.policy -= min(free, clipped);
  // Where the clipped term is the smaller one it is constant; d r ÷ d log π = r.
  const dLogProb = free <= clipped ? -free : 0;

  // S = −Σ π log π
  let entropy: f64 = 0;
  for (let a: i32 = 0; a < actions; a++) {
    if (!isAllowed(allowed, a)) continue;
    const log = <f64>load<f32>(heads + ((<usize>a) << 2)) - logTotal;
    entropy -= Math.exp(log) * log;
  }
  sums.entropy += entropy;
  // d log π(a) ÷ d z(k) = [k = a] − π(k);  d S ÷ d z(k) = −π(k) (log π(k) + S)
  for (let k: i32 = 0; k < actions; k++) {
    let dLogit: f64 = 0;
    if (isAllowed(allowed, k)) {
      const log = <f64>load<f32>(heads + ((<usize>k) << 2)) - logTotal;
      const p = Math.exp(log);
      dLogit = dLogProb * ((k === action ? 1 : 0) - p) + options.entropyCoefficient * p * (log + entropy);
    }
    store<f32>(gradient + ((<usize>k) << 2), <f32>(dLogit * options.rowWeight));
  }

  // (G − V)²
  const value: f64 = load<f32>(heads + ((<usize>actions) << 2));
  const error = value - target;
  sums.value += error * error;
  const dValue = 2 * options.valueCoefficient * error * options.rowWeight;
  store<f32>(gradient + ((<usize>actions) << 2), <f32>dValue);

  sums.kl += ratio - 1 - logRatio;
  if (abs(ratio - 1) > options.clipRange) sums.clipped += 1;
}
