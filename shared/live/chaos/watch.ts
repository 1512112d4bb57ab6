/** What the bus reports while faults are tried: windows, decisions, and the guard's promises about all of it. */
import type { Applied } from "../../core/decision.ts";
import { promiseChecker, type PromiseReport } from "../../guard/promises.ts";
import type { EventBus, Subscription } from "../../ports/event-bus.ts";

/** What was received from the bus so far. */
export interface Watch {
  /** Ends of the function's windows that were reported, each once. */
  windowEndsMs(): readonly number[];
  /** Decisions on windows of the function, oldest first; those between windows are not among them. */
  decisions(): readonly Applied[];
  /** All decisions of the function, those between windows too. */
  everyDecision(): readonly Applied[];
  report(): PromiseReport;
  close(): Promise<void>;
}

/** Resolves when all subscriptions are active. */
export async function watch(bus: EventBus, functionName: string): Promise<Watch> {
  const checker = promiseChecker();
  const decisions: Applied[] = [];
  const seen = new Set<string>();
  const ends = new Set<number>();
  const subscriptions: Subscription[] = [
    await bus.subscribe("tick", async (event) => checker.take(event)),
    await bus.subscribe("window", async (event) => {
      checker.take(event);
      if (event.data.window.functionName === functionName) ends.add(event.data.window.endedAtMs);
    }),
    await bus.subscribe("proposal", async (event) => checker.take(event)),
    await bus.subscribe("applied", async (event) => {
      checker.take(event);
      if (event.data.functionName !== functionName || seen.has(event.data.decisionId)) return;
      seen.add(event.data.decisionId);
      decisions.push(event.data);
    }),
  ];
  return {
    windowEndsMs: () => [...ends],
    decisions: () => decisions.filter(({ seq }) => seq !== null),
    everyDecision: () => decisions,
    report: () => checker.report(),
    async close() {
      for (const one of subscriptions) await one.close();
    },
  };
}
