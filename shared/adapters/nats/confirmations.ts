/** When the server has what was published without a stream: one answer of it confirms all that was said in the same turn. */
import type { Clock } from "../../core/clock.ts";
import { inTime } from "../patience.ts";

/** Resolves when the server has all that was published before; rejects after `timeoutMs`, or as what asks it does. */
export type Confirm = (timeoutMs: number) => Promise<void>;

interface Turn {
  /** Of those who ask together: the least patient one's. */
  timeoutMs: number;
  readonly confirmed: Promise<void>;
}

/** `ask` resolves when the server has read all that was written before. A hundred who ask in one turn ask once. */
export function confirmations(ask: () => Promise<void>, clock: Pick<Clock, "sleep">): Confirm {
  let turn: Turn | null = null;

  async function confirm(): Promise<void> {
    // The others of this turn write first.
    await new Promise(setImmediate);
    const { timeoutMs } = turn!;
    turn = null;
    await inTime(ask(), timeoutMs, clock, "the server did not answer in time");
  }

  return (timeoutMs) => {
    turn ??= { timeoutMs, confirmed: confirm() };
    turn.timeoutMs = Math.min(turn.timeoutMs, timeoutMs);
    return turn.confirmed;
  };
}
