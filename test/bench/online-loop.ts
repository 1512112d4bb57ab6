/**
 * The learning loop in simulated time: policy-inference, scaler and trainer as they run live, around one simulated function.
 * Only processes, HTTP and the bus's server are left out.
 */
import { memoryBus } from "#test/support/memory-bus.ts";
import { soleLease } from "#shared/adapters/lease/sole-lease.ts";
import { ManualClock } from "#test/support/manual-clock.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { GUARD_DEFAULTS, type GuardSettings } from "#shared/guard/guard.ts";
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import type { ModelAction, ModelControl } from "#shared/core/model.ts";
import { seededRandom } from "#shared/core/random.ts";
import type { Schedule } from "#shared/traces/schedule.ts";
import { HISTORY_WINDOWS, type MetricsWindow } from "#shared/core/window.ts";
import { initialReplicas } from "#shared/evaluation/foresight.ts";
import { makeEvent } from "#shared/events/codec.ts";
import { Activity } from "#shared/host/activity.ts";
import { silentLog } from "#test/support/silent-log.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import type { MakeEngine } from "#shared/policies/served-model.ts";
import type { ModelRegistry } from "#shared/ports/model-registry.ts";
import type { ModelFiles } from "#shared/ports/model-store.ts";
import type { ScaleTarget } from "#shared/ports/scale-target.ts";
import { Observer } from "#shared/sim/observer.ts";
import { SimulatedPlatform } from "#shared/sim/platform.ts";
import { managedFunctionOf, type SimProfile } from "#shared/sim/profiles.ts";
import { createAssignments } from "../../functions/policy-inference/assignments.ts";
import { createInference } from "../../functions/policy-inference/inference.ts";
import { createModels } from "../../functions/policy-inference/models.ts";
import { FunctionScaler } from "../../services/scaler/function-scaler.ts";
import { learnerHere, type Learner } from "../../services/trainer/learning/learner.ts";
import type { SegmentLog } from "#services/trainer/memory/segment-log.ts";
import { createTrainer, type TrainerSettings } from "../../services/trainer/trainer.ts";

/**
 * `guarded`: as in service. `unguarded`: the guard open, no model judged, every candidate published and in control at once.
 */
export type Care = "guarded" | "unguarded";

export interface OnlineRun {
  readonly schedule: Schedule;
  readonly profile: SimProfile;
  readonly seed: number;
  /** The `replicant.policy` annotation: a rule, or `model:…`, whose first version is `start`. */
  readonly policy: string;
  readonly start: ModelFiles;
  readonly care: Care;
  readonly rule: string;
  readonly training: TrainerSettings;
  readonly makeEngine: MakeEngine;
}

export interface OnlineOutcome {
  readonly calls: number;
  readonly violations: number;
  readonly replicaSeconds: number;
  readonly windows: number;
  /** Windows whose count the model's proposal led to. */
  readonly byModel: number;
  readonly actions: Readonly<Record<ModelAction, number>>;
}

/** Lets through what is within the function's bounds. */
const OPEN_GUARD: Partial<GuardSettings> = {
  panicThresholdRatio: 1e6,
  stabilisationSeconds: 0,
  scaleUpReplicas: 1_000,
  scaleDownReplicas: 1_000,
  scaleDownShare: 1,
};
const TICK_SECONDS = 2;

export async function runOnline(run: OnlineRun): Promise<OnlineOutcome> {
  const { schedule, profile, seed, care, rule, makeEngine } = run;
  const { windowSeconds } = schedule;
  const random = seededRandom(`online ${seed}`);
  const replicas = initialReplicas(schedule, profile);
  const platform = new SimulatedPlatform({ profile, schedule, replicas, random: random.fork("platform") });
  const observer = new Observer({ platform, profile, random: random.fork("observer"), mode: "exact", windowSeconds });
  const managed: ManagedFunction = { ...managedFunctionOf(profile), mode: "auto", policy: run.policy };

  const clock = new ManualClock(0);
  const bus = memoryBus({ clock });
  const registry = memoryRegistry(care === "unguarded");
  const source = { names: async () => ["start"], read: async () => run.start };
  const learner = countingLearner(learnerHere(makeEngine), care === "unguarded");
  const trainer = createTrainer({
    activity: new Activity(() => performance.now()),
    ...{ bus, registry, source, learner, clock, monotonic: clock, rules: { counts: rule, held: rule } },
    profiles: new Map(),
    segmentLog: memoryLog(),
    log: silentLog,
    settings: run.training,
  });
  const models = createModels({ registry, source, makeEngine });
  const assignments = createAssignments({ registry, models, nowMs: () => clock.nowMs(), log: () => {} });
  const inference = createInference({ assignments, nowMs: () => clock.nowMs() });
  const actions = { published: 0, canary: 0, "rolled-back": 0, rejected: 0, drifted: 0, mode: 0 };
  await bus.subscribe("model", async ({ data }) => {
    actions[data.action]++;
    await assignments.refresh(data.functionName);
  });
  const ending = new AbortController();
  const training = trainer.run(ending.signal);

  let byModel = 0;
  const scaler = new FunctionScaler({
    target: simulatedTarget(platform),
    fallback: policyByName(rule)(),
    settings: care === "guarded" ? GUARD_DEFAULTS : { ...GUARD_DEFAULTS, ...OPEN_GUARD },
    lease: soleLease(),
    monotonicNowMs: () => clock.nowMs(),
    report: async (applied) => {
      if (applied.seq !== null && applied.trigger === "proposal") byModel++;
      await trainer.take({ kind: "applied", applied });
    },
    complain: (problem) => {
      throw new Error(problem);
    },
  });

  let history: readonly MetricsWindow[] = [];
  const windows = Math.floor(schedule.durationSeconds / windowSeconds);
  for (let index = 0; index < windows; index++) {
    for (let tick = 1; tick <= windowSeconds / TICK_SECONDS; tick++) {
      observer.advance(index * windowSeconds + tick * TICK_SECONDS);
      observer.measure(windowSeconds - tick * TICK_SECONDS);
      await scaler.onTick({ managed, tick: observer.tick(TICK_SECONDS) });
    }
    const window = observer.window();
    await clock.advance(window.endedAtMs - clock.nowMs());
    const about = {
      source: "metrics-collector",
      subject: managed.functionName,
      key: window.endedAtMs,
      nowMs: clock.nowMs(),
    };
    await bus.publish(makeEvent("window", { ...about, data: { managed, window, history } }));
    await scaler.onWindow({ managed, window });
    const [result] = await inference.step([{ managed, window, history }]);
    if (result?.kind === "proposal") {
      const { proposal, mode } = result;
      await trainer.take({ kind: "proposal", proposal });
      await scaler.onProposal({ managed: { ...managed, mode }, proposal, window });
    }
    history = [...history, window].slice(-HISTORY_WINDOWS);
    await learner.settled();
  }
  const replicaSeconds = platform.replicaSeconds;
  platform.runUntil(platform.nowSeconds + profile.parameters.upstreamTimeoutSeconds);
  ending.abort();
  await training;
  await bus.close();
  const { arrivals, late, failed } = platform.tally;
  return { calls: arrivals, violations: late + failed, replicaSeconds, windows, byModel, actions };
}

function simulatedTarget(platform: SimulatedPlatform): ScaleTarget {
  return {
    name: "simulator",
    read: async () => ({ desiredReplicas: platform.desired, availableReplicas: platform.available }),
    scale: async (_functionName, _namespace, desired) => ({ appliedReplicas: platform.scale(desired) }),
  };
}

/** With `atOnce` nothing is on trial: whatever is put there has control. */
function memoryRegistry(atOnce: boolean): ModelRegistry {
  const controls = new Map<string, ModelControl>();
  const models = new Map<number, ModelFiles>();
  return {
    place: "memory",
    modelsOf: () => ({
      steps: async () => [...models.keys()].sort((a, b) => a - b),
      read: async (step) => {
        const files = step === null ? undefined : models.get(step);
        if (!files) throw new BadInputError(`there is no checkpoint of step ${String(step)}`);
        return files;
      },
      write: async (step, files) => void models.set(step, files),
      remove: async (step) => void models.delete(step),
    }),
    control: async (functionName) => controls.get(functionName) ?? null,
    setControl: async (control) =>
      void controls.set(control.functionName, atOnce ? { ...control, mode: "auto" } : control),
  };
}

function memoryLog(): SegmentLog {
  return {
    ...{ found: [], losses: [], opening: () => [], append: async () => {}, close: async () => {} },
    ...{ segments: () => 1, problem: () => null },
  };
}

/** Live a window is longer than any estimate or training: here the next one waits for them. `credulous` finds all candidates better. */
function countingLearner(learner: Learner, credulous: boolean): Learner & { settled(): Promise<void> } {
  let busy = 0;
  async function counted<T>(work: () => Promise<T>): Promise<T> {
    busy++;
    try {
      return await work();
    } finally {
      busy--;
    }
  }
  return {
    estimate: (job) => (credulous ? Promise.resolve(null) : counted(() => learner.estimate(job))),
    fineTune: (job) =>
      counted(async () => {
        const tuned = await learner.fineTune(job);
        return credulous ? { ...tuned, comparison: { ...tuned.comparison, isBetter: true } } : tuned;
      }),
    close: () => learner.close(),
    async settled() {
      // A few turns without work: what was found has then been written, told and heard.
      for (let quiet = 0; quiet < 5; quiet++) {
        await new Promise(setImmediate);
        if (busy > 0) quiet = -1;
      }
    },
  };
}
