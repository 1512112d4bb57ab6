/** A Prometheus's own clock: what is asked is evaluated by it, so that no difference to this part's matters. */
import { messageOf } from "../../core/errors.ts";
import type { PrometheusClient } from "./client.ts";

/** Unix milliseconds by the server's clock, or why there is none, in one sentence. */
export type ServerInstant = { readonly atMs: number } | { readonly refused: string };

/** Set further than this is set; less is the way there and back, and the nudging of clocks. */
const NOTABLE_SET_MS = 2_000;

/** Asks a Prometheus for its time, and refuses it while a step of that clock spoils the ranges asked for. */
export class ServerTime {
  /** The server's newest instant, and when it was received. */
  #last: { readonly atMs: number; readonly monotonicMs: number } | null = null;
  #refusedUntilMs = -Infinity;
  #problem = "";

  constructor(
    readonly client: PrometheusClient,
    readonly monotonicNowMs: () => number,
  ) {}

  /** The server's time when this was called; `rangeMs` is the longest range that will be asked for. Never rejects. */
  async now(rangeMs: number): Promise<ServerInstant> {
    const beganMs = this.monotonicNowMs();
    let serverMs: number | undefined;
    try {
      const seconds = (await this.client.ask("vector(time())", null))[0]?.value;
      serverMs = seconds === undefined || seconds === null ? undefined : seconds * 1_000;
    } catch (thrown) {
      return { refused: messageOf(thrown) };
    }
    if (serverMs === undefined) return { refused: `Prometheus at ${this.client.spoken} does not say what time it is` };
    const atMs = serverMs - (this.monotonicNowMs() - beganMs) / 2;
    this.#watch(atMs, beganMs, rangeMs);
    return atMs < this.#refusedUntilMs ? { refused: this.#problem } : { atMs };
  }

  /**
   * After a step back it takes no samples until it has caught up, and shows those of before; after a step forward a range holds
   * too few. Neither says what happened meanwhile.
   */
  #watch(atMs: number, monotonicMs: number, rangeMs: number): void {
    const last = this.#last;
    this.#last = { atMs, monotonicMs };
    if (last === null) return;
    const expectedMs = last.atMs + (monotonicMs - last.monotonicMs);
    const setMs = atMs - expectedMs;
    if (Math.abs(setMs) < NOTABLE_SET_MS) return;
    const seconds = Math.round(Math.abs(setMs) / 1_000);
    this.#refusedUntilMs = Math.max(expectedMs, atMs) + rangeMs;
    this.#problem = `the clock of the Prometheus at ${this.client.spoken} was set ${setMs < 0 ? "back" : "forward"} by ${seconds} s: its ranges say nothing until that is past`;
  }
}
