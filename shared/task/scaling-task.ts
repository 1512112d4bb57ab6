/** The scaling environment as an agent's task: what it observes, what it is rewarded for, and only steps it decides on. */
import { ACTIONS, NO_CHANGE } from "./actions/change.ts";
import { headroomReplicas, type ActionScheme } from "./actions/headroom.ts";
import type { BaseInfo, Environment, StepResult } from "./environment.ts";
import type { ManagedFunction } from "../core/managed-function.ts";
import { observationSpaceOf, windowObserver, type ObservedLayout } from "./observation/observer.ts";
import { REPLICANT_LAYOUT, ReplicantView } from "./observation/replicant.ts";
import { productReward } from "./objectives/product.ts";
import { isDecidable, type MetricsWindow } from "../core/window.ts";

/** What the task reads of a scaling environment's `info`, simulated or live. */
export interface ScalingFacts extends BaseInfo {
  readonly window: MetricsWindow;
  /** Calls that ended in the window. */
  readonly ok: number;
  readonly failed: number;
  /** OK, but later than the SLO. */
  readonly late: number;
  readonly replicaSeconds: number;
}

export interface ScalingTaskOptions<Options> {
  readonly managed: ManagedFunction;
  readonly layout: ObservedLayout;
  /** `environment`: its own; `product`: ours in its place. */
  readonly reward: "environment" | "product";
  readonly actions: ActionScheme;
  /** Said at each reset. */
  readonly options: Options;
}

/** Replicas that an action asks for; undefined leaves it to the environment. */
export type RequestOf = (action: number, desired: number) => number;

/**
 * A window without arrivals or counts is held, as in service: the task goes on to the next one that can be decided on, and
 * what was gained on the way is added up.
 */
export function scalingTask<Info extends ScalingFacts, Options>(
  makeEnvironment: (requestOf: RequestOf | undefined) => Environment<Info, Options>,
  { managed, layout, reward, actions, options }: ScalingTaskOptions<Options>,
): Environment<Info> {
  const hasHeadroom = actions === "headroom";
  const environment = makeEnvironment(
    hasHeadroom ? (action) => headroomReplicas(view.need, action, managed) : undefined,
  );
  let observer = windowObserver(layout, managed);
  /** Reckons the load in replicas, where somebody asks for it. */
  let view = new ReplicantView(managed);
  const isReckoned = reward === "product" || hasHeadroom;
  const see = (window: MetricsWindow): Float32Array | null => {
    if (!isDecidable(window)) return null;
    const observation = observer.see(window);
    if (isReckoned && observer !== view) view.see(window);
    return observation;
  };
  const rewarded = (step: StepResult<Info>): number => {
    if (reward === "environment") return step.reward;
    const { ok, failed, late, replicaSeconds, window } = step.info;
    return productReward({
      violationShare: ok + failed === 0 ? 0 : (late + failed) / (ok + failed),
      neededReplicas: view.need.now,
      usualReplicas: view.usualNeed,
      replicaSeconds,
      windowSeconds: window.windowSeconds,
    }).total;
  };
  /** A headroom is always within the bounds. */
  const told = (info: Info): Info => (hasHeadroom ? { ...info, actionMask: new Uint8Array(ACTIONS).fill(1) } : info);
  const space = observationSpaceOf(layout);
  const zeros = new Float32Array(space.low.length);

  return {
    id: environment.id,
    observationSpace: space,
    actionSpace: environment.actionSpace,
    reset({ seed } = {}) {
      view = new ReplicantView(managed);
      observer = layout === REPLICANT_LAYOUT ? view : windowObserver(layout, managed);
      let { info } = environment.reset({ seed, options });
      let observation = see(info.window);
      while (observation === null) {
        const step = environment.step(NO_CHANGE);
        info = step.info;
        observation = see(info.window) ?? (step.truncated || step.terminated ? zeros : null);
      }
      return { observation, info: told(info) };
    },
    step(action) {
      let step = environment.step(action);
      let observation = see(step.info.window);
      let total = rewarded(step);
      while (observation === null) {
        if (step.truncated || step.terminated)
          return { ...step, observation: zeros, reward: total, info: told(step.info) };
        step = environment.step(NO_CHANGE);
        observation = see(step.info.window);
        total += rewarded(step);
      }
      return { ...step, observation, reward: total, info: told(step.info) };
    },
  };
}
