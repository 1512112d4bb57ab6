/**
 * The learning task, said once: what is observed, what actions mean, and what a step is worth. A simulated environment, a live one,
 * steps measured on a running platform and a policy in service all see their function through `FunctionTask`.
 */
import type { ManagedFunction } from "../core/managed-function.ts";
import type { DecidableWindow } from "../core/window.ts";
import type { ActionRequest, ActionScheme } from "./actions/scheme.ts";
import { actionSchemeNamed, type ActionSchemeName } from "./actions/schemes.ts";
import { LoadMeter, type LoadNeed } from "./load-meter.ts";
import type { ObservationLayout, WindowObserver } from "./observation/layout.ts";
import { layoutNamed, type LayoutName } from "./observation/layouts.ts";
import type { Objective, Reward, StepFacts } from "./objectives/objective.ts";
import { objectiveNamed, type ObjectiveName } from "./objectives/objectives.ts";

/** As settings and checkpoints name it. */
export interface TaskNames {
  readonly layout: LayoutName;
  readonly actions: ActionSchemeName;
  readonly objective: ObjectiveName;
}

/** What is learned: what the agent sees, what it can do, and what it is rewarded for. */
export interface LearningTask {
  readonly layout: ObservationLayout;
  readonly actions: ActionScheme;
  readonly objective: Objective;
}

/** Throws `BadInputError` for a name that does not exist. */
export function taskNamed({ layout, actions, objective }: TaskNames): LearningTask {
  return {
    layout: layoutNamed(layout),
    actions: actionSchemeNamed(actions),
    objective: objectiveNamed(objective),
  };
}

/** What the platform is asked for, and whether it scales nothing because the objective refuses counts beyond the bounds. */
export interface TaskRequest extends ActionRequest {
  readonly isRefused: boolean;
}

/** A step's facts but for those that the task knows by itself. */
export type PlayedFacts = Omit<StepFacts, "sloSeconds" | "neededReplicas" | "usualReplicas">;

/** The task on one function: remembers what layout, actions and objective need of earlier windows. */
export class FunctionTask {
  readonly task: LearningTask;
  readonly managed: ManagedFunction;
  readonly #load: LoadMeter;
  readonly #observer: WindowObserver;

  constructor(task: LearningTask, managed: ManagedFunction) {
    this.task = task;
    this.managed = managed;
    this.#load = new LoadMeter(managed);
    this.#observer = task.layout.observerOf(managed, this.#load);
  }

  /** The windows of the function in their order. */
  see(window: DecidableWindow): Float32Array {
    this.#load.see(window);
    return this.#observer.see(window);
  }

  /** Replicas that the load of the last windows needs. */
  get need(): LoadNeed {
    const { now, peak } = this.#load;
    return { now, peak };
  }

  /** [actions], 1 where the action is allowed at this count. */
  maskAt(desiredReplicas: number): Uint8Array {
    return this.task.actions.maskOf({ desiredReplicas, bounds: this.managed });
  }

  /** The count that the action asks for, read against the windows seen so far. */
  requestAt(desiredReplicas: number, action: number): TaskRequest {
    const { actions, objective } = this.task;
    const context = { desiredReplicas, bounds: this.managed, need: this.#load };
    const { replicas, isWithinBounds, words, headroom } = actions.requestOf(action, context);
    const isRefused = !isWithinBounds && objective.beyondBounds === "refuse";
    return { replicas, isWithinBounds, words, headroom, isRefused };
  }

  /** Of a step whose window was seen before, where it could be decided on. */
  rewardOf({ window, requestedReplicas, isWithinBounds, replicaSeconds, violationShare }: PlayedFacts): Reward {
    return this.task.objective.rewardOf({
      window,
      requestedReplicas,
      isWithinBounds,
      replicaSeconds,
      violationShare,
      sloSeconds: this.managed.slo.seconds,
      neededReplicas: this.#load.now,
      usualReplicas: this.#load.usual,
    });
  }
}
