/** Steps as a running platform measured them: what an agent's objective makes of windows and decisions. */
import type { Transition } from "../core/transition.ts";
import { isDecidable, type MetricsWindow } from "../core/window.ts";
import { isWithin } from "./actions/scheme.ts";
import type { Reward } from "./objectives/objective.ts";
import type { FunctionTask } from "./task.ts";
import { violationShare } from "./violations.ts";

/** Of one function. A window may be the end of one step and the begin of the next: the task sees it once. */
export class MeasuredSteps {
  readonly #task: FunctionTask;
  #last: MetricsWindow | null = null;
  #observation: Float32Array | null = null;

  constructor(task: FunctionTask) {
    this.#task = task;
  }

  /** The newest observation; null while no window could be decided on. Windows in their order. */
  see(window: MetricsWindow): Float32Array | null {
    const last = this.#last;
    if (last !== null && last.generation === window.generation && window.seq <= last.seq) return this.#observation;
    this.#last = window;
    if (isDecidable(window)) this.#observation = this.#task.see(window);
    return this.#observation;
  }

  /** What the window that followed was worth. Transitions in their order; `requested`: replicas, by default those proposed. */
  rewardOf({ window, next, managed, proposal, applied }: Transition, requested = proposal.proposedReplicas): Reward {
    this.see(window);
    this.see(next);
    return this.#task.rewardOf({
      window: next,
      requestedReplicas: requested,
      isWithinBounds: isWithin(requested, managed),
      // A window has the count at its end; where it has none, the one that was applied.
      replicaSeconds: (next.desiredReplicas ?? applied.applied ?? applied.current ?? 0) * next.windowSeconds,
      violationShare: violationShare(next, managed.slo.seconds),
    });
  }
}
