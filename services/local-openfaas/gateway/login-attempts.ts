/** Bounds guesses at the password: so many for each address at once and for all together, then pauses that grow. */
import { isIPv6 } from "node:net";

/** Wrong logins that cost nothing: people mistype. */
const freeAttempts = 10;
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
/** An address that made no wrong login for so long begins anew. */
const forgetAfterMs = 15 * 60_000;
/** Wrong logins of all addresses in a minute; beyond that only those are read that have logged in before. */
const mostInAMinute = 200;
const mostAddresses = 2_000;

interface Attempts {
  wrong: number;
  lastAtMs: number;
  pausedUntilMs: number;
  /** Has logged in correctly. */
  known: boolean;
}

/** Counts logins by the network that they come from. */
export class LoginAttempts {
  readonly #byAddress = new Map<string, Attempts>();
  readonly #nowMs: () => number;
  #minute = 0;
  #wrongInMinute = 0;

  /** `nowMs`: of a clock that only goes on. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Milliseconds until a login from this address is read again; 0: now. */
  pauseMs(address: string): number {
    // Nearly always: nobody has mistyped anything.
    if (this.#byAddress.size === 0) return 0;
    const nowMs = this.#nowMs();
    const attempts = this.#byAddress.get(networkOf(address));
    const own = Math.max(0, (attempts?.pausedUntilMs ?? 0) - nowMs);
    if (own > 0 || attempts?.known) return own;
    const minute = Math.floor(nowMs / 60_000);
    return minute === this.#minute && this.#wrongInMinute >= mostInAMinute ? (minute + 1) * 60_000 - nowMs : 0;
  }

  wrong(address: string): void {
    const nowMs = this.#nowMs();
    const minute = Math.floor(nowMs / 60_000);
    this.#wrongInMinute = minute === this.#minute ? this.#wrongInMinute + 1 : 1;
    this.#minute = minute;
    const attempts = this.#of(networkOf(address));
    if (nowMs - attempts.lastAtMs > forgetAfterMs) attempts.wrong = 0;
    attempts.lastAtMs = nowMs;
    attempts.wrong++;
    const beyond = attempts.wrong - freeAttempts;
    if (beyond >= 0) attempts.pausedUntilMs = nowMs + Math.min(firstPauseMs * 2 ** beyond, longestPauseMs);
  }

  /** Does not forgive wrong ones: whoever guesses may share the address with one who knows. */
  right(address: string): void {
    const attempts = this.#of(networkOf(address));
    attempts.known = true;
  }

  #of(network: string): Attempts {
    let attempts = this.#byAddress.get(network);
    if (attempts) {
      // The map's order is that of use.
      this.#byAddress.delete(network);
    } else {
      attempts = { wrong: 0, lastAtMs: this.#nowMs(), pausedUntilMs: 0, known: false };
      if (this.#byAddress.size >= mostAddresses) this.#byAddress.delete(this.#byAddress.keys().next().value!);
    }
    this.#byAddress.set(network, attempts);
    return attempts;
  }
}

/** One subscriber of IPv6 has 2^64 addresses. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = address.toLowerCase().startsWith("::ffff:") ? address.slice(7) : "";
  if (mapped.includes(".")) return mapped;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  // `::` abbreviates as many zeros as are missing.
  if (tail !== undefined) {
    const after = tail === "" ? 0 : tail.split(":").length;
    while (groups.length + after < 8) groups.push("0");
    if (after > 0) groups.push(...tail.split(":"));
  }
  return groups.slice(0, 4).join(":");
}
