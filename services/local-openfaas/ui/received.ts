/** What was received from the bus lately: decisions and windows, each bounded, each once. */
import { messageOf } from "#shared/core/errors.ts";
import { untilAborted } from "#shared/core/wait.ts";
import type { EventBus } from "#shared/ports/event-bus.ts";
import type { DecisionView, WindowView } from "./types.ts";

/** Older ones are forgotten. */
export const KEPT_DECISIONS = 100;
const KEPT_WINDOWS = 100;

/** What was received. */
export interface Received {
  decisions(): readonly DecisionView[];
  windows(): readonly WindowView[];
  /** Listens until `signal` aborts, resolves when the last handler has ended, never rejects: a bus that refuses is logged. */
  listen(bus: EventBus, signal: AbortSignal): Promise<void>;
}

/** Who is notified of what comes in. */
export interface ReceivedOptions {
  readonly onDecision: (decision: DecisionView) => void;
  readonly onWindow: (window: WindowView) => void;
  readonly log: (line: string) => void;
}

/** Nothing at first. */
export function createReceived({ onDecision, onWindow, log }: ReceivedOptions): Received {
  const decisions: DecisionView[] = [];
  const windows: WindowView[] = [];
  return {
    decisions: () => decisions,
    windows: () => windows,
    async listen(bus, signal) {
      const attempts = [
        bus.subscribe("applied", async ({ id, time, data: applied }) => {
          const decision = { id, reportedAtMs: Date.parse(time), applied };
          if (keep(decisions, decision, KEPT_DECISIONS)) onDecision(decision);
        }),
        // The history that travels along is for policies; what the page needs of it, it received before.
        bus.subscribe("window", async ({ id, time, data }) => {
          const { window: measured, managed } = data;
          const window = { id, reportedAtMs: Date.parse(time), window: measured, slo: managed.slo };
          if (keep(windows, window, KEPT_WINDOWS)) onWindow(window);
        }),
      ];
      for (const attempt of attempts) {
        attempt.catch((thrown: unknown) => log(`ui: a subscription to the bus failed: ${messageOf(thrown)}`));
      }
      await untilAborted(signal);
      // The bus may have been closed meanwhile.
      await Promise.allSettled(attempts.map(async (attempt) => (await attempt).close()));
    },
  };
}

/** False for what is kept already: a bus may deliver twice. */
function keep<T extends { readonly id: string }>(kept: T[], one: T, most: number): boolean {
  if (kept.some(({ id }) => id === one.id)) return false;
  kept.push(one);
  if (kept.length > most) kept.shift();
  return true;
}
