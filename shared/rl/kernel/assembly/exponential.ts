/** exp, tanh and the logistic function, four at a time, to a few units in the last place. */

const LOG2_E: f32 = 1.4426950408889634;
/** ln 2 in two parts; the first has few bits, so that n · LN2_HIGH is exact. */
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.12194440054690583e-4;
/** Beyond this the result would leave the range of f32. */
const LARGEST: f32 = 87;
/** 1.5 · 2²³: adding it leaves the nearest whole number in the last bits, and takes one instruction where conversion takes ten. */
const ROUNDER: f32 = 12582912;
const ONE_IN_BITS: i32 = 0x3f800000;

/**
 * eˣ − 1 = 2ⁿ·(eʳ − 1) + (2ⁿ − 1) with x = n ln 2 + r, |r| ≤ ½ ln 2, and Taylor's series to r⁷ (remainder r⁸/8! < 6e-9).
 * Accurate near 0 too, where eˣ − 1 by subtraction would keep nothing. NaN stays NaN: it is the first operand of pmax and pmin.
 */
export function expMinusOne(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-LARGEST)), f32x4.splat(LARGEST));
  const rounded = f32x4.add(f32x4.mul(x, f32x4.splat(LOG2_E)), f32x4.splat(ROUNDER));
  const n = f32x4.sub(rounded, f32x4.splat(ROUNDER));
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(LN2_HIGH)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(LN2_LOW)));
  let series = f32x4.splat(1.0 / 5040.0);
  series = f32x4.add(f32x4.mul(series, r), f32x4.splat(1.0 / 720.0));
  series = f32x4.add(f32x4.mul(series, r), f32x4.splat(1.0 / 120.0));
  series = f32x4.add(f32x4.mul(series, r), f32x4.splat(1.0 / 24.0));
  series = f32x4.add(f32x4.mul(series, r), f32x4.splat(1.0 / 6.0));
  series = f32x4.add(f32x4.mul(series, r), f32x4.splat(0.5));
  series = f32x4.add(f32x4.mul(series, f32x4.mul(r, r)), r);
  const power = i32x4.add(i32x4.shl(rounded, 23), i32x4.splat(ONE_IN_BITS));
  return f32x4.add(f32x4.mul(power, series), f32x4.sub(power, f32x4.splat(1)));
}

/** 1 / (1 + e⁻ˣ) */
export function logistic(x: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(2), expMinusOne(f32x4.neg(x))));
}

/** tanh x = (e²ˣ − 1) / (e²ˣ + 1) */
export function tanh(x: v128): v128 {
  const e = expMinusOne(f32x4.add(x, x));
  return f32x4.div(e, f32x4.add(e, f32x4.splat(2)));
}
