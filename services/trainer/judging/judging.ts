/** Judges a function's model after each window in time: is it better than the rule, and is there something to learn? */
import { withinPlatform } from "#shared/core/managed-function.ts";
import { judge, LIFECYCLE_DEFAULTS, type LifecycleSettings } from "#shared/core/model-lifecycle.ts";
import { windowRealMs } from "#shared/events/age.ts";
import type { Activity } from "#shared/host/activity.ts";
import { layoutNamed } from "#shared/task/observation/layouts.ts";
import type { Learner } from "../learning/learner.ts";
import type { BeginTraining } from "../learning/training.ts";
import type { Publisher } from "../publishing/publisher.ts";
import type { TrainedFunction } from "../trained-function.ts";
import { baseProfile, type CalibratedProfiles } from "./profiles.ts";
import { ruleFor, type Rules } from "./rules.ts";
import type { ServingModel } from "./serving-model.ts";

/** What judging needs; `rolloutWindows` and `judgeWindows` as the settings have them. */
export interface JudgingDeps {
  readonly publisher: Publisher;
  readonly beginTraining: BeginTraining;
  readonly learner: Pick<Learner, "estimate">;
  readonly activity: Activity;
  readonly rules: Rules;
  readonly profiles: CalibratedProfiles;
  readonly rolloutWindows: number;
  readonly judgeWindows: number;
  readonly isAutomatic: () => boolean;
}

/** A candidate is compared on at least so many recorded windows. */
export const MIN_RECORDED_WINDOWS = 16;
/** A model is judged on the last so many windows: an hour of them. */
const JUDGED_WINDOWS = 120;
/** Estimates queue behind trainings; more windows than this without one are reported. */
const MAX_WINDOWS_UNJUDGED = 5;
/** After a training, drift alone starts another one only once this share of a rollout has passed. */
const REST_SHARE = 0.25;

/** What is done with a function after each of its windows; rejects with the reason where it cannot be judged. */
export function createJudging(deps: JudgingDeps): (trained: TrainedFunction) => Promise<void> {
  const { publisher, beginTraining, learner, activity, rules, profiles, rolloutWindows } = deps;
  const lifecycle: LifecycleSettings = { ...LIFECYCLE_DEFAULTS, judgeWindows: deps.judgeWindows };

  return async (trained) => {
    const { record } = trained;
    const last = record.windows.at(-1);
    // A window has arrived, but none that fits the timeline.
    if (!last) return;
    const managed = withinPlatform(record.managed!);
    const serving = await publisher.servingModelOf(trained, managed);
    if (serving === null) return activity.excuse("judgement", record.functionName);
    const { endedAtMs: atMs } = last;
    const { files, version, reference } = serving;
    const { isHeld } = reference;
    const rule = ruleFor(reference, rules);
    // Of this streak alone: windows before a gap or a restart say nothing about the load it is judged on.
    const windows = record.streak.slice(-JUDGED_WINDOWS);
    const { profile: base } = baseProfile(profiles, last);
    const estimate = await learner.estimate({ files, version, isHeld, managed, windows, rule, base });
    if (trained.serving !== serving) return;
    trained.problem = null;
    if (estimate !== null) {
      record.estimate = estimate;
      const everyMs = MAX_WINDOWS_UNJUDGED * windowRealMs(last);
      activity.did("judgement", record.functionName, { everyMs, else: "a bad model would keep its control" });
      const verdict = judge(serving, record.trial, estimate, atMs, lifecycle);
      record.trial = verdict.trial;
      if (verdict.switch !== null) {
        return publisher.change(trained, serving, verdict.switch.control, verdict.switch.action);
      }
    }
    const reason = await reasonToTrain(trained, serving, atMs);
    const mayTrain = deps.isAutomatic() && reference.follows && trained.trainingRefusal === null;
    if (reason !== null && mayTrain) beginTraining(trained, serving, reason);
  };

  async function reasonToTrain(trained: TrainedFunction, serving: ServingModel, atMs: number): Promise<string | null> {
    const { record } = trained;
    if (trained.training !== null || record.windows.length < MIN_RECORDED_WINDOWS) return null;
    const { statistics, settings: learned } = serving.record;
    const drift = record.driftFrom(statistics, learned.layout);
    if (drift?.hasDrifted && !record.driftReported) {
      record.driftReported = true;
      const feature = layoutNamed(learned.layout).features[drift.feature]?.name;
      const outside = `${Math.round(100 * drift.outsideShare)} % of all numbers lie beyond three deviations`;
      const what = `'${feature}' lies ${drift.deviations.toFixed(1)} deviations from what was trained on; ${outside}`;
      await publisher.announce(trained, serving, "drifted", what, atMs);
      const { windowsSinceTraining } = record;
      const isRested = windowsSinceTraining === null || windowsSinceTraining >= REST_SHARE * rolloutWindows;
      if (isRested) return `the load drifted: ${what}`;
    }
    const { length } = record.transitions;
    return length >= rolloutWindows ? `a rollout of ${length} transitions is full` : null;
  }
}
