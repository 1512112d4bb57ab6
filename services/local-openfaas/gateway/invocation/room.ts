/** Whether one more invocation may begin: places of the gateway as a whole, and of each function. */
import type { GatewayLimits } from "../limits.ts";
import type { Meters } from "../metrics/meter.ts";
import { Refusal } from "../refusal.ts";

/** Places for invocations. */
export class Room {
  /** Invocations that run or wait for a replica. */
  taken = 0;
  readonly #limits: Pick<GatewayLimits, "maxCalls" | "maxCallsPerFunction">;
  /** Those that wait; by function. */
  readonly #waiting = new Map<string, number>();

  constructor(limits: Pick<GatewayLimits, "maxCalls" | "maxCallsPerFunction">) {
    this.#limits = limits;
  }

  /** Looks only: who begins counts itself, in `taken` and in the function's meter. */
  refusal(functionName: string, meters: Meters): Refusal | undefined {
    const { maxCalls, maxCallsPerFunction } = this.#limits;
    if (this.taken >= maxCalls) {
      return noRoom(503, `${maxCalls} calls are in flight, which is all that this gateway takes on`);
    }
    // No function can be at its limit while there are fewer in all.
    if (this.taken < maxCallsPerFunction) return undefined;
    const own = (meters.find(functionName)?.inFlight ?? 0) + (this.#waiting.get(functionName) ?? 0);
    if (own < maxCallsPerFunction) return undefined;
    const sentence = `${maxCallsPerFunction} calls of '${functionName}' are in flight, which is all that one function may have`;
    return noRoom(429, sentence);
  }

  /** Keeps a place while an invocation waits for a replica. */
  async whileWaiting<T>(functionName: string, wait: () => Promise<T>): Promise<T> {
    this.taken++;
    this.#waiting.set(functionName, (this.#waiting.get(functionName) ?? 0) + 1);
    try {
      return await wait();
    } finally {
      this.taken--;
      const left = this.#waiting.get(functionName)! - 1;
      if (left > 0) this.#waiting.set(functionName, left);
      else this.#waiting.delete(functionName);
    }
  }
}

function noRoom(status: number, sentence: string): Refusal {
  return new Refusal(status, sentence, { "Retry-After": "1", "X-OpenFaaS-Internal": "proxy" });
}
