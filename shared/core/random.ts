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
  return new Sfc32(hashOn(FNV_OFFSET, String(seed)));
}

/** A schedule has two streams for each bin: making one must cost no more than a handful of draws. */
class Sfc32 implements Random {
  readonly #hash: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(hash: number) {
    this.#hash = hash;
    this.#a = splitmix(hash, 1);
    this.#b = splitmix(hash, 2);
    this.#c = splitmix(hash, 3);
    for (let warmUp = 0; warmUp < 12; warmUp++) this.#bits();
  }

  next(): number {
    return this.#bits() / 4294967296;
  }

  integer(below: number): number {
    return Math.floor((this.#bits() / 4294967296) * below);
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  normal(): number {
    // Box–Muller, cosine half only: two draws, no hidden spare value.
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return radius * Math.cos(2 * Math.PI * this.next());
  }

  logNormal(mean: number, cv: number): number {
    if (cv <= 0) return mean;
    const variance = Math.log(1 + cv * cv);
    return Math.exp(Math.log(mean) - variance / 2 + Math.sqrt(variance) * this.normal());
  }

  poisson(mean: number): number {
    return poisson(mean, this);
  }

  /** The stream of `<seed>/<name>`: its hash goes on where the seed's ended. */
  fork(name: string): Random {
    return new Sfc32(hashOn(hashOn(this.#hash, "/"), name));
  }

  #bits(): number {
    const t = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0;
    return t >>> 0;
  }
}

/** The `n`th number of splitmix32 from a state. */
function splitmix(state: number, n: number): number {
  const at = (state + Math.imul(n, 0x9e3779b9)) | 0;
  let z = at ^ (at >>> 16);
  z = Math.imul(z, 0x21f0aaad);
  z ^= z >>> 15;
  z = Math.imul(z, 0x735a2d97);
  return (z ^ (z >>> 15)) | 0;
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

const FNV_OFFSET = 0x811c9dc5 | 0;

/** FNV-1a of a text, on from a hash; enough to spread a seed's text over 32 bits. */
function hashOn(hash: number, text: string): number {
  let on = hash;
  for (let i = 0; i < text.length; i++) on = Math.imul(on ^ text.charCodeAt(i), 0x01000193);
  return on | 0;
}
