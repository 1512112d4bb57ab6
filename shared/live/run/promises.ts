/** What the guard promises, checked against the events of a run while it runs: `up --verify`. */
import { promiseChecker, PROMISES, type PromiseReport } from "../../guard/promises.ts";
import { GUARD_DEFAULTS } from "../../guard/guard.ts";
import type { EventBus } from "../../ports/event-bus.ts";
import type { StackFunction } from "../../deploy/stack.ts";

/** Records from now on; resolves with what judges all that came. Every event is kept: a run has an end. */
export async function recordPromises(
  bus: Pick<EventBus, "subscribe">,
  functions: readonly Pick<StackFunction, "name" | "environment">[],
): Promise<() => PromiseReport> {
  const said = functions.find(({ name }) => name === "scaler")?.environment["STABILISATION_SECONDS"];
  const stabilisationSeconds = said ? Number(said) : GUARD_DEFAULTS.stabilisationSeconds;
  // A bus that is started anew brings nothing back of what it carried meanwhile.
  const checker = promiseChecker({ ...GUARD_DEFAULTS, stabilisationSeconds }, { mayHaveGaps: true });
  for (const kind of ["tick", "window", "proposal", "applied"] as const) {
    await bus.subscribe(kind, async (event) => checker.take(event));
  }
  return () => checker.report();
}

/** Whether anything was decided and nothing was broken. */
export function isKept({ broken, read }: PromiseReport): boolean {
  return broken.length === 0 && read.applied > 0;
}

/** One line when all is well, else one a broken promise. */
export function promiseLines(report: PromiseReport): string[] {
  const { broken, read } = report;
  const decisions = read.applied - read.repeated;
  if (decisions === 0) return ["nothing was decided, so nothing can be said of the guard's promises"];
  if (broken.length === 0) return [`all ${PROMISES.length} promises held over ${decisions} decisions`];
  return broken.map(({ promise, decisionId, sentence }) => `broken promise: ${promise}: ${decisionId}: ${sentence}`);
}
