/** After each window that is still news: how does the function's model stand, and is there something to learn? */
import { withinPlatform } from "#shared/core/managed-function.ts";
import { judge, LIFECYCLE_DEFAULTS, type LifecycleSettings } from "#shared/core/model-lifecycle.ts";
import { layoutNamed } from "#shared/task/observation/layouts.ts";
import { windowRealMs } from "#shared/events/age.ts";
import type { Activity } from "#shared/host/activity.ts";
import { rangeRefusal, type Careful } from "./careful.ts";
import type { ControlBook } from "./control-book.ts";
import type { Learner } from "./learning/learner.ts";
import { baseProfile, type CalibratedProfiles } from "./profiles.ts";
import { ruleFor, type Rules } from "./rules.ts";
import type { Standing } from "./standing.ts";
import type { BeginTraining } from "./training.ts";

export interface JudgingDeps {
  readonly book: ControlBook;
  readonly begin: BeginTraining;
  readonly learner: Pick<Learner, "estimate">;
  readonly activity: Activity;
  readonly rules: Rules;
  readonly profiles: CalibratedProfiles;
  readonly rolloutWindows: number;
  readonly judgeWindows: number;
  readonly isAutomatic: () => boolean;
}

/** A candidate is judged on no less than this. */
export const LEAST_RECORDED = 16;
/** Windows that tell what a function is like when its model is judged: an hour of them. */
const JUDGED_FROM = 120;
/** Estimates queue behind trainings; so many windows without one are worth a look. */
const MOST_WINDOWS_UNJUDGED = 5;
/** After a training so much of a rollout must pass before drift alone starts another one. */
const REST_SHARE = 0.25;

export function createJudging(deps: JudgingDeps): (one: Careful) => Promise<void> {
  const { book, begin, learner, activity, rules, profiles, rolloutWindows } = deps;
  const lifecycle: LifecycleSettings = { ...LIFECYCLE_DEFAULTS, judgeWindows: deps.judgeWindows };

  return async (one) => {
    const { record } = one;
    const last = record.windows.at(-1);
    // A window from nowhere has come, and none that fits.
    if (!last) return;
    const managed = withinPlatform(record.managed!);
    const standing = await book.standingFor(one, managed);
    if (standing === null) return activity.excuse("judgement", record.functionName);
    const { endedAtMs: atMs } = last;
    const { files, version, reference } = standing;
    const { isHeld } = reference;
    const rule = ruleFor(reference, rules);
    // Of this streak alone: what was before a gap or a new start says nothing of the load that it is judged for.
    const windows = record.streak.slice(-JUDGED_FROM);
    const { profile: base } = baseProfile(profiles, last);
    const estimate = await learner.estimate({ files, version, isHeld, managed, windows, rule, base });
    if (one.standing !== standing) return;
    one.problem = null;
    if (estimate !== null) {
      record.estimate = estimate;
      const everyMs = MOST_WINDOWS_UNJUDGED * windowRealMs(last);
      activity.did("judgement", record.functionName, { everyMs, else: "a bad model would keep its control" });
      const judgement = judge(standing, record.trial, estimate, atMs, lifecycle);
      record.trial = judgement.trial;
      if (judgement.switch !== null) {
        await book.change(one, standing, judgement.switch.control, judgement.switch.action);
        return;
      }
    }
    const reason = await reasonToTrain(one, standing, atMs);
    const mayTrain = deps.isAutomatic() && standing.reference.follows && rangeRefusal(record) === null;
    if (reason !== null && mayTrain) begin(one, standing, reason);
  };

  async function reasonToTrain(one: Careful, standing: Standing, atMs: number): Promise<string | null> {
    const { record } = one;
    if (one.training !== null || record.windows.length < LEAST_RECORDED) return null;
    const { statistics, settings: learned } = standing.record;
    const drift = record.driftFrom(statistics, learned.layout);
    if (drift?.hasDrifted && !record.driftTold) {
      record.driftTold = true;
      const feature = layoutNamed(learned.layout).features[drift.feature]?.name;
      const outside = `${Math.round(100 * drift.outsideShare)} % of all numbers lie beyond three deviations`;
      const what = `'${feature}' lies ${drift.deviations.toFixed(1)} deviations from what was trained on; ${outside}`;
      await book.tell(one, standing, "drifted", what, atMs);
      const { windowsSinceTraining } = record;
      const isRested = windowsSinceTraining === null || windowsSinceTraining >= REST_SHARE * rolloutWindows;
      if (isRested) return `the load drifted: ${what}`;
    }
    const { length } = record.transitions;
    return length >= rolloutWindows ? `a rollout of ${length} transitions is full` : null;
  }
}
