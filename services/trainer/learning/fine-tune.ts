/** From what a function lived through to a candidate that may be published: learn, then be judged. */
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import type { Transition } from "#shared/core/transition.ts";
import type { MetricsWindow } from "#shared/core/window.ts";
import { CheckpointedMemoryPolicy } from "#shared/policies/checkpointed-memory.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import { heldModel } from "#shared/policies/held-model.ts";
import { servedModel, type MakeEngine, type ServedModel } from "#shared/policies/served-model.ts";
import type { AgentSettings } from "#shared/rl/agents.ts";
import { encodeCheckpoint } from "#shared/rl/checkpoint/encode.ts";
import type { CheckpointFiles } from "#shared/rl/checkpoint/types.ts";
import { liveUpdate, type LiveReport, type LiveStep } from "#shared/rl/live-update.ts";
import { trainPpo } from "#shared/rl/ppo.ts";
import { localCollector } from "#shared/rl/rollout/local.ts";
import type { Hyperparameters } from "#shared/rl/hyperparameters.ts";
import { scheduled } from "#shared/rl/schedules.ts";
import type { TrainingState } from "#shared/rl/training.ts";
import type { SimProfile } from "#shared/sim/profiles.ts";
import { simulatedTask } from "#shared/sim/simulated-task.ts";
import type { BinnedTrace } from "#shared/traces/trace.ts";
import { compare, type Comparison } from "#shared/evaluation/paired-comparison.ts";
import { liveSteps } from "./live-steps.ts";
import { recordedProfile, recordedSchedule, recordedTrace } from "#shared/evaluation/recorded-load.ts";

/** What an estimate is computed from: a model, and what its function lived through. */
export interface EstimateJob {
  readonly files: CheckpointFiles;
  readonly version: string;
  /** Ticks hold the model: it is compared as it serves. */
  readonly isHeld: boolean;
  readonly managed: ManagedFunction;
  /** The recorded load, in its order. */
  readonly windows: readonly MetricsWindow[];
  /** The rule that it is compared with, by name. */
  readonly rule: string;
  /** The platform's profile, by default the built-in one; the function's own work is read from its windows. */
  readonly base?: SimProfile;
}

/** What a training learns from; of windows it needs two at least. A model that ticks hold learns what counts are worth. */
export interface FineTuneJob extends EstimateJob {
  /** Of one function, in their order. */
  readonly transitions: readonly Transition[];
  readonly simulatedSteps: number;
  readonly seed: string;
}

/** A candidate, and how it compares. */
export interface FineTuned {
  readonly files: CheckpointFiles;
  /** Of the candidate's training, all in all. */
  readonly steps: number;
  readonly live: LiveReport;
  /** Mean return of the simulated episodes of the first and of the last round; null where none ended. */
  readonly simulated: { readonly steps: number; readonly first: number | null; readonly last: number | null };
  readonly comparison: Comparison;
}

/** Side by side in the simulator; a small round, for a small change. */
const ENVIRONMENTS = 8;
const ROUND_STEPS = 2_048;

/** Same job, same candidate. */
export async function fineTune(job: FineTuneJob, makeEngine: MakeEngine): Promise<FineTuned> {
  const { managed, windows, seed } = job;
  const current = servedModel(job.files, job.version, makeEngine);
  const { record } = current;
  const { settings } = record;
  const engine = makeEngine(record.network, current.model.engine.getWeights());
  const trace = recordedTrace(windows);
  const profile = recordedProfile(windows, managed, job.base);
  try {
    const hyperparameters = gentle(settings.hyperparameters);
    const steps = relative(liveSteps(job.transitions, settings, job.version), hyperparameters);
    const live = liveUpdate(engine, steps, { hyperparameters, statistics: record.statistics, seed });

    const collector = localCollector({
      engine,
      environments: ENVIRONMENTS,
      seed: `${seed}/simulated`,
      makeEnvironment: () => recordedTask(settings, trace, profile, managed),
    });
    const rounds = Math.ceil(job.simulatedSteps / ROUND_STEPS);
    let state: TrainingState = { round: 0, steps: 0, statistics: record.statistics, places: null };
    const returns: (number | null)[] = [];
    if (rounds > 0) {
      const run = { engine, collector, hyperparameters, seed, totalSteps: rounds * ROUND_STEPS, from: state };
      for await (const round of trainPpo(run)) {
        state = round.state;
        returns.push(round.report.meanReturn);
      }
    }
    await collector.close();

    const learnedSteps = record.steps + live.counted + state.steps;
    const draft = {
      record: { ...record, steps: learnedSteps, statistics: state.statistics },
      weights: engine.getWeights(),
    };
    const candidate = servedModel(encodeCheckpoint({ ...draft, continuation: null }), "candidate", makeEngine);
    const inService = ({ model }: ServedModel) => new CheckpointedMemoryPolicy(job.isHeld ? heldModel(model) : model);
    const comparison = compare(
      {
        candidate: () => inService(candidate),
        current: () => inService(current),
        rule: policyByName(job.rule),
      },
      { trace, profile, seed },
    );
    candidate.model.engine.close();
    const evaluation = { fineTunedOn: managed.functionName, from: job.version, ...comparison };
    return {
      files: encodeCheckpoint({ ...draft, record: { ...draft.record, evaluation }, continuation: null }),
      steps: learnedSteps,
      live,
      simulated: { steps: state.steps, first: returns[0] ?? null, last: returns.at(-1) ?? null },
      comparison,
    };
  } finally {
    engine.close();
    current.model.engine.close();
  }
}

/** Each episode is an excerpt of the record, begun with any replica count; rewarded as in the model's own training. */
function recordedTask(settings: AgentSettings, trace: BinnedTrace, profile: SimProfile, managed: ManagedFunction) {
  const { layout, objective, actions, hyperparameters } = settings;
  const windowSeconds = trace.binSeconds;
  return simulatedTask({
    ...{ layout, objective, actions, profile, managed, windowSeconds, guard: "on" },
    load({ random, seconds }) {
      const windows = Math.round(seconds / windowSeconds);
      const fromWindow = random.integer(Math.max(1, trace.counts.length - windows + 1));
      const schedule = recordedSchedule(trace, profile, random.integer(2 ** 32), { fromWindow, windows });
      return { ...schedule, durationSeconds: seconds };
    },
    episodeWindows: Math.max(1, Math.min(hyperparameters.episodeWindows, trace.counts.length - 1)),
    episodes: { initialReplicas: "random" },
    comparesWithBaseline: hyperparameters.comparedRewards,
  });
}

/**
 * Where the critic learned rewards relative to a baseline, it cannot value plain ones. Live there is no twin to compare
 * with; the mean of the steps takes its place.
 */
function relative(steps: readonly LiveStep[], { comparedRewards }: Hyperparameters): readonly LiveStep[] {
  if (!comparedRewards) return steps;
  const mean = steps.reduce((sum, { reward }) => sum + reward, 0) / Math.max(1, steps.length);
  return steps.map((step) => ({ ...step, reward: step.reward - mean }));
}

/** The agent's own hyperparameters at the end of their schedules: it has learned, and is not to forget. */
function gentle(hyperparameters: Hyperparameters): Hyperparameters {
  return {
    ...hyperparameters,
    learningRate: scheduled(hyperparameters.learningRate, 1),
    entropyCoefficient: scheduled(hyperparameters.entropyCoefficient, 1),
    environments: ENVIRONMENTS,
    rolloutSteps: ROUND_STEPS,
    minibatchSteps: Math.min(512, hyperparameters.minibatchSteps),
  };
}
