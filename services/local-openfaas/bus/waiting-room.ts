/** Sockets that have not logged in: few, and whoever brings too many loses their own oldest, so that others still get in. */

/** Guests by the address they come from. */
export class WaitingRoom<Guest> {
  readonly #most: number;
  readonly #byAddress = new Map<string, Set<Guest>>();
  #size = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  /** Answers with the guest that has to go, if any. */
  enter(address: string, guest: Guest): Guest | null {
    const same = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, same.add(guest));
    this.#size++;
    if (this.#size <= this.#most) return null;
    const [crowd, guests] = [...this.#byAddress].reduce((most, one) => (one[1].size > most[1].size ? one : most));
    const [oldest] = guests;
    this.leave(crowd, oldest!);
    return oldest!;
  }

  leave(address: string, guest: Guest): void {
    const same = this.#byAddress.get(address);
    if (!same?.delete(guest)) return;
    this.#size--;
    if (same.size === 0) this.#byAddress.delete(address);
  }
}
