/** A training: from a full rollout, a drift or an order to a candidate on trial, or to the words why there is none. */
import { messageOf } from "#shared/core/errors.ts";
import { onTrial, stepsToForget } from "#shared/core/model-lifecycle.ts";
import type { Log } from "#shared/host/log.ts";
import type { ModelShelf } from "#shared/ports/model-shelf.ts";
import { inTurn, type Careful } from "./careful.ts";
import type { ControlBook } from "./control-book.ts";
import { learnedFrom } from "./function-record.ts";
import { comparisonWords } from "#shared/evaluation/paired-comparison.ts";
import type { Learner } from "./learning/learner.ts";
import type { TrainerMemory } from "./memory.ts";
import { baseProfile, type CalibratedProfiles } from "./profiles.ts";
import { ruleFor, type Rules } from "./rules.ts";
import type { Standing } from "./standing.ts";

export interface TrainingDeps {
  readonly memory: TrainerMemory;
  readonly book: ControlBook;
  readonly learner: Pick<Learner, "fineTune">;
  readonly shelf: ModelShelf;
  readonly say: Log;
  readonly rules: Rules;
  readonly profiles: CalibratedProfiles;
  readonly simulatedSteps: number;
}

/** Begins one; what becomes of it stands in the log. */
export type BeginTraining = (one: Careful, standing: Standing, reason: string) => void;

/** Published models of a function that are kept, of about a megabyte and a half each. */
const MOST_MODELS = 10;

export function createTraining(deps: TrainingDeps): BeginTraining {
  const { memory, book, learner, shelf, say, rules, profiles, simulatedSteps } = deps;

  async function train(one: Careful, standing: Standing, reason: string): Promise<void> {
    const { record } = one;
    const { functionName } = record;
    const { files, version, reference } = standing;
    const transitions = [...record.transitions];
    const last = record.windows.at(-1)!;
    const atMs = last.endedAtMs;
    await book.note(functionName, "training", reason, atMs);
    const outcome = await learner.fineTune({
      files,
      version,
      isHeld: reference.isHeld,
      managed: record.managed!,
      transitions,
      windows: record.windows,
      rule: ruleFor(reference, rules),
      base: baseProfile(profiles, last).profile,
      simulatedSteps,
      seed: `${functionName}@${atMs}`,
    });
    // Before anything is published: whoever dies now learns anew, from nothing that is in a published model.
    if (transitions.length > 0) await memory.learned(learnedFrom(functionName, transitions));
    const { live, simulated, comparison } = outcome;
    const words = `${live.counted} of ${live.steps} live and ${simulated.steps} simulated steps: ${comparisonWords(comparison)}`;
    await inTurn(one, say, async () => {
      const now = one.standing;
      if (now?.version !== version) {
        const why = `the model changed while its successor was trained; ${words}`;
        return book.note(functionName, "failed", why, atMs);
      }
      if (!comparison.isBetter)
        return book.tell(one, now, "rejected", `the candidate is not surely better, ${words}`, atMs);
      const models = shelf.modelsOf(functionName);
      const step = Math.max(outcome.steps, ((await models.steps()).at(-1) ?? 0) + 1);
      await models.write(step, outcome.files);
      await book.change(one, now, onTrial(now.control, step, `step ${step} is better, ${words}`, atMs), "canary");
      await forgetOld(one);
    });
  }

  /** Only the last few are kept, and the two that count. */
  async function forgetOld({ record: { functionName }, standing }: Careful): Promise<void> {
    try {
      const models = shelf.modelsOf(functionName);
      for (const step of stepsToForget(await models.steps(), standing!.control, MOST_MODELS)) await models.remove(step);
    } catch (thrown) {
      // The next one that is published brings them up again.
      say.warn({ functionName, problem: messageOf(thrown) }, "old models could not be removed");
    }
  }

  return (one, standing, reason) => {
    one.training = reason;
    void train(one, standing, reason)
      .catch(async (thrown: unknown) => {
        const atMs = one.record.windows.at(-1)?.endedAtMs ?? 0;
        const why = `the training failed: ${messageOf(thrown)}`;
        await book.note(one.record.functionName, "failed", why, atMs).catch(() => {});
      })
      .finally(() => {
        one.training = null;
        one.record.windowsSinceTraining = 0;
      });
  };
}
