/** Whether a replica is frozen, from one look after the other. Pure; a replica that is merely busy never is. */

/** A second apart, counted and not timed: a machine that was asleep has not looked meanwhile. */
export const LOOK_EVERY_MS = 1_000;

/** What one look has seen. */
export interface Look {
  /** Stopped by somebody else's signal, not by its CPU limit. */
  readonly isStopped: boolean;
  /** Whether it has answered its health check since the look before. */
  readonly hasAnswered: boolean;
  /** CPU time since it started; null where it cannot be measured. */
  readonly cpuSeconds: number | null;
}

/** What looks have seen so far. */
export interface Vitals {
  readonly stoppedLooks: number;
  /** Without an answer, and without any work either. */
  readonly silentLooks: number;
  readonly cpuSeconds: number | null;
}

/** Before the first look. */
export const WELL: Vitals = { stoppedLooks: 0, silentLooks: 0, cpuSeconds: null };

/** One look may fall into a moment of a debugger or a shell's job control. */
const STOPPED_LOOKS = 2;
const SILENT_SECONDS = 10;
/** A function without a time limit is given no more than this to sit still. */
const MAX_PATIENCE_SECONDS = 60;

/** The vitals with one more look. */
export function after(before: Vitals, look: Look): Vitals {
  const hasWorked = look.cpuSeconds !== null && before.cpuSeconds !== null && look.cpuSeconds > before.cpuSeconds;
  return {
    stoppedLooks: look.isStopped ? before.stoppedLooks + 1 : 0,
    // A loop blocked by calls (up to max_inflight of them in a row, on a tenth of a core) answers late, but it uses CPU time.
    silentLooks: look.hasAnswered || hasWorked ? 0 : before.silentLooks + 1,
    cpuSeconds: look.cpuSeconds,
  };
}

/** One sentence when it is frozen, else null. A call may wait for something, blocking, for as long as it may take: `execTimeoutMs`. */
export function frozenBecause({ stoppedLooks, silentLooks }: Vitals, execTimeoutMs: number): string | null {
  if (stoppedLooks >= STOPPED_LOOKS) return "frozen: its process was stopped from outside";
  const patience = SILENT_SECONDS + Math.min(MAX_PATIENCE_SECONDS, Math.ceil(execTimeoutMs / 1_000));
  if (silentLooks * LOOK_EVERY_MS < patience * 1_000) return null;
  return `frozen: no answer to its health check and no work for ${patience} s`;
}
