/** Chance as something passed in. Same seed, same draws, on every machine. */

/** A stream of uniform draws with the distributions the project needs. */
export interface Random {
  /** Uniform in [0, 1), 32 bits of resolution. */
  next(): number;
  /** Whole number, uniform in [0, below). */
  integer(below: number): number;
  /** Exponential with the given mean. */
  exponential(mean: number): number;
  /** Standard normal. */
  normal(): number;
  /** Log-normal with the given mean and coefficient of variation (std ÷ mean). */
  logNormal(mean: number, cv: number): number;
  /** Poisson count with the given mean. */
  poisson(mean: number): number;
  /** An independent stream, named, so that adding a draw in one place moves no other. */
  fork(name: string): Random;
}

/** sfc32 (Chris Doty-Humphrey), seeded through splitmix32; `seed` is any number or text. */
export function seededRandom(seed: number | string): Random {
  let state = hash32(String(seed));
  const splitmix = () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return (z ^ (z >>> 15)) | 0;
  };
  let a = splitmix();
  let b = splitmix();
  let c = splitmix();
  let counter = 1;
  const bits = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let warmUp = 0; warmUp < 12; warmUp++) bits();

  const random: Random = {
    next: () => bits() / 4294967296,
    integer: (below) => Math.floor((bits() / 4294967296) * below),
    exponential: (mean) => -mean * Math.log(1 - random.next()),
    normal: () => {
      // Box–Muller, cosine half only: two draws, no hidden spare value.
      const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
      return radius * Math.cos(2 * Math.PI * random.next());
    },
    logNormal: (mean, cv) => {
      if (cv <= 0) return mean;
      const variance = Math.log(1 + cv * cv);
      return Math.exp(Math.log(mean) - variance / 2 + Math.sqrt(variance) * random.normal());
    },
    poisson: (mean) => poisson(mean, random),
    fork: (name) => seededRandom(`${String(seed)}/${name}`),
  };
  return random;
}

/** Knuth's product for small means; large means are split in halves, which keeps the law exact. */
function poisson(mean: number, random: Random): number {
  let count = 0;
  let left = mean;
  while (left > 0) {
    const part = Math.min(left, 30);
    left -= part;
    const limit = Math.exp(-part);
    for (let product = random.next(); product > limit; product *= random.next()) count++;
  }
  return count;
}

/** FNV-1a, enough to spread a seed's text over 32 bits. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash | 0;
}
