/** Tries faults one after another and judges each: decided again in time, and no count taken down blindly. */
import { messageOf } from "../../core/errors.ts";
import type { Fault } from "./faults.ts";
import type { Watch } from "./watch.ts";
import type { OpenWorld } from "./world.ts";

/** What became of one fault. */
export interface Tried {
  readonly fault: string;
  /** The decision that followed was on the first, second, … window reported after its end; null when none came. */
  readonly recoveryWindows: number | null;
  /** From its end to that decision, real time. */
  readonly recoverySeconds: number | null;
  /** What broke, in sentences; empty when everything held. */
  readonly broken: readonly string[];
}

/** What faults are tried on, and who is informed. */
export interface Trial extends Omit<OpenWorld, "close"> {
  readonly watch: Watch;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/**
 * The window in which a part comes back, and the one after it. Counted in windows that were reported and not in time, which a busy machine
 * or a time-lapse makes short.
 */
const MAX_RECOVERY_WINDOWS = 2;
/** Within which another takes a lease over (services/README.md, "More than one scaler"). */
const MAX_LEASE_MS = 10_000;

/** Tries them in order, until `signal` aborts; one result for each that was tried. */
export async function tryFaults(faults: readonly Fault[], trial: Trial): Promise<Tried[]> {
  const tried: Tried[] = [];
  for (const fault of faults) {
    if (trial.signal.aborted) break;
    const one = await tryFault(fault, trial);
    tried.push(one);
    trial.say(`${one.fault}: ${one.broken.length > 0 ? one.broken.join("; ") : heldIn(one)}`);
  }
  return tried;
}

async function tryFault(fault: Fault, trial: Trial): Promise<Tried> {
  const { world, watch, windowMs, timeLapse, nowMs, signal } = trial;
  const broken: string[] = [];
  const beginsMs = nowMs();
  try {
    await fault.happen(world);
  } catch (thrown) {
    if (!signal.aborted) broken.push(messageOf(thrown));
  }
  const overMs = nowMs();
  const next = () => watch.decisions().find(({ atMs }) => atMs > overMs);
  try {
    await world.until(() => next() !== undefined, "a decision after it");
  } catch (thrown) {
    if (!signal.aborted) broken.push(messageOf(thrown));
  }
  const decision = next();
  const isBetween = (ms: number) => ms > overMs && ms <= decision!.atMs;
  const recoveryWindows = decision === undefined ? null : watch.windowEndsMs().filter(isBetween).length;
  const recoverySeconds = decision === undefined ? null : (nowMs() - overMs) / timeLapse / 1_000;
  const leaseWindows = fault.endsLease ? Math.ceil((MAX_LEASE_MS * timeLapse) / windowMs) : 0;
  if (recoveryWindows !== null && recoveryWindows > Math.max(MAX_RECOVERY_WINDOWS, 1 + leaseWindows)) {
    broken.push(`decided only on the ${recoveryWindows}th window after it`);
  }
  if (fault.isBlinding) {
    // The window in which it begins was measured in part, and may still be decided on.
    const blindly = watch
      .everyDecision()
      .filter(({ atMs }) => atMs > beginsMs + windowMs && atMs <= overMs)
      .filter(({ current, applied, desired }) => current !== null && (applied ?? desired ?? current) < current);
    broken.push(...blindly.map(({ decisionId, reason }) => `${decisionId} went down meanwhile: ${reason}`));
  }
  return { fault: fault.name, recoveryWindows, recoverySeconds, broken };
}

function heldIn({ recoveryWindows, recoverySeconds }: Tried): string {
  return `held; decided on window ${recoveryWindows ?? "–"} after it, within ${(recoverySeconds ?? 0).toFixed(1)} s`;
}
