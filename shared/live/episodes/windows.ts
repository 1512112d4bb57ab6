/** The windows of one function as they come, each with what was decided on it: publishes proposals, receives decisions. */
import type { Clock } from "../../core/clock.ts";
import { BadInputError } from "../../core/errors.ts";
import { trainingRefusal } from "../../core/managed-function.ts";
import { decisionIdOf, instantKey, type PolicyIdentity, type Proposal } from "../../core/proposal.ts";
import type { Transition } from "../../core/transition.ts";
import { TransitionJoiner } from "../../task/transitions.ts";
import { type MetricsWindow, WINDOW_SECONDS } from "../../core/window.ts";
import { makeEvent } from "../../events/codec.ts";
import type { WindowClosed } from "../../events/types.ts";
import type { EventBus, Subscription } from "../../ports/event-bus.ts";
import { waitUntil } from "../../core/wait.ts";

/** A window and the transition that ends with it. */
export interface LivedWindow {
  readonly window: MetricsWindow;
  /** From the window that was proposed on to this one; null where a window or the decision was lost. */
  readonly transition: Transition | null;
}

/** Steps through the function's windows. */
export interface LiveWindows {
  /** The newest window, or the next one where none was received. */
  first(): Promise<MetricsWindow>;
  /** Proposes on `window` and resolves with the one after it. */
  pass(window: MetricsWindow, proposed: Pick<Proposal, "proposedReplicas" | "because">): Promise<LivedWindow>;
  close(): Promise<void>;
}

/** The function, the bus and who proposes. */
export interface LiveWindowsOptions {
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly functionName: string;
  readonly policy: PolicyIdentity;
  /** Seconds of trace time in a real one. */
  readonly timeLapse: number;
  /** Aborts waiting with its reason. */
  readonly signal: AbortSignal;
}

/** A decision comes before the next window does; later than this, real time, it is lost. */
const DECISION_MS = 500;
const POLL_MS = 5;
/** So many windows, and some seconds, without any: something is not well. */
const SILENT_WINDOWS = 2.5;
const SILENT_MS = 5_000;

/** Throws `BadInputError` on a platform that does not give the function's range. */
function withinRange(closed: WindowClosed): WindowClosed {
  const refusal = trainingRefusal(closed.managed);
  if (refusal !== null) throw new BadInputError(refusal);
  return closed;
}

/** Resolves when subscribed. */
export async function openWindows(options: LiveWindowsOptions): Promise<LiveWindows> {
  const { bus, clock, functionName, policy, timeLapse, signal } = options;
  const joiner = new TransitionJoiner();
  const transitions = new Map<number, Transition>();
  let newest: WindowClosed | null = null;

  const keep = (joined: readonly Transition[]) => {
    for (const transition of joined) transitions.set(transition.window.seq, transition);
  };
  const subscriptions: Subscription[] = await Promise.all([
    bus.subscribe("window", async ({ data }) => {
      if (data.window.functionName !== functionName) return;
      if (newest !== null && !isAfter(data.window, newest.window)) return;
      keep(joiner.take({ kind: "window", managed: data.managed, window: data.window }));
      newest = data;
    }),
    bus.subscribe("applied", async ({ data }) => {
      if (data.functionName === functionName) keep(joiner.take({ kind: "applied", applied: data }));
    }),
  ]);

  const until = (condition: () => boolean, withinMs: number) =>
    waitUntil(condition, { clock, withinMs, everyMs: POLL_MS, signal });

  async function newerThan(window: MetricsWindow | null): Promise<WindowClosed> {
    const windowSeconds = window?.windowSeconds ?? WINDOW_SECONDS;
    const patienceMs = (SILENT_WINDOWS * windowSeconds * 1_000) / timeLapse + SILENT_MS;
    const isNewer = () => newest !== null && (window === null || isAfter(newest.window, window));
    if (await until(isNewer, patienceMs)) return withinRange(newest!);
    const seconds = Math.round(patienceMs / 1_000);
    throw new Error(
      `no window of '${functionName}' has come for ${seconds} s; 'replicant status' shows what is not well`,
    );
  }

  return {
    first: async () => (await newerThan(null)).window,
    async pass(window, { proposedReplicas, because }) {
      const { namespace, generation, seq, endedAtMs } = window;
      const proposal: Proposal = {
        ...{ functionName, namespace, generation, seq, endedAtMs, policy, proposedReplicas, because },
        ...{ decisionId: decisionIdOf(functionName, endedAtMs, generation), learned: null },
      };
      // Who learned for longer than a window lasts comes too late: nothing is proposed on what is over.
      if (newest !== null && newest.window.generation === generation && newest.window.seq === seq) {
        keep(joiner.take({ kind: "proposal", proposal }));
        const key = instantKey(endedAtMs, generation);
        const head = { source: "external", subject: functionName, key, nowMs: clock.nowMs() };
        const { managed } = newest;
        await bus.publish(makeEvent("proposal", { ...head, data: { managed, proposal, window } }));
      }
      const next = await newerThan(window);
      if (next.window.generation !== generation || next.window.seq !== seq + 1)
        return { window: next.window, transition: null };
      await until(() => transitions.has(seq), DECISION_MS);
      const transition = transitions.get(seq) ?? null;
      transitions.clear();
      return { window: next.window, transition };
    },
    close: async () => void (await Promise.all(subscriptions.map((subscription) => subscription.close()))),
  };
}

/** Another generation is a new beginning, whatever its clock says. */
function isAfter(one: MetricsWindow, other: MetricsWindow): boolean {
  return one.generation !== other.generation || one.endedAtMs > other.endedAtMs;
}
