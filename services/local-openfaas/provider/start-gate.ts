/** Lets only a few replicas start at a time: twenty Node processes booting together would be ready later, not sooner. */

/** Places for starts. */
export class StartGate {
  readonly #limit: number;
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves, in the order of calls, with the function that lets the next one in. Calling it twice does no harm. */
  async enter(): Promise<() => void> {
    if (this.#inside >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#inside++;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const next = this.#waiting.shift();
      if (next)
        next(); // the place passes on, the count stays
      else this.#inside--;
    };
  }
}
