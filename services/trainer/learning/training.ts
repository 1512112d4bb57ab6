/** A training: from a full rollout, a drift or an order to a candidate on trial, or to the reason why there is none. */
import { messageOf } from "#shared/core/errors.ts";
import { onTrial, stepsToForget } from "#shared/core/model-lifecycle.ts";
import { comparisonWords } from "#shared/evaluation/paired-comparison.ts";
import type { Log } from "#shared/host/log.ts";
import type { ModelRegistry } from "#shared/ports/model-registry.ts";
import { baseProfile, type CalibratedProfiles } from "../judging/profiles.ts";
import { ruleFor, type Rules } from "../judging/rules.ts";
import type { ServingModel } from "../judging/serving-model.ts";
import { learnedFrom } from "../memory/function-record.ts";
import type { TrainerMemory } from "../memory/trainer-memory.ts";
import type { Publisher } from "../publishing/publisher.ts";
import type { TrainedFunction } from "../trained-function.ts";
import type { Learner } from "./learner.ts";

/** What a training needs; `simulatedSteps` as the setting has it. */
export interface TrainingDeps {
  readonly memory: TrainerMemory;
  readonly publisher: Publisher;
  readonly learner: Pick<Learner, "fineTune">;
  readonly registry: ModelRegistry;
  readonly log: Log;
  readonly rules: Rules;
  readonly profiles: CalibratedProfiles;
  readonly simulatedSteps: number;
}

/** Begins a training and returns at once; its outcome is written to the log. */
export type BeginTraining = (trained: TrainedFunction, serving: ServingModel, reason: string) => void;

/** Published models of a function that are kept, about a megabyte and a half each. */
const MAX_MODELS = 10;

/** Trains one model at a time where the learner does, and publishes what is better. */
export function createTraining(deps: TrainingDeps): BeginTraining {
  const { memory, publisher, learner, registry, log, rules, profiles, simulatedSteps } = deps;

  async function train(trained: TrainedFunction, serving: ServingModel, reason: string): Promise<void> {
    const { record } = trained;
    const { functionName } = record;
    const { files, version, reference } = serving;
    const transitions = [...record.transitions];
    const last = record.windows.at(-1)!;
    const atMs = last.endedAtMs;
    await publisher.note(functionName, "training", reason, atMs);
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
    // Before anything is published: after a crash it learns anew, from nothing that is in a published model.
    if (transitions.length > 0) await memory.learned(learnedFrom(functionName, transitions));
    const { live, simulated, comparison } = outcome;
    const words = `${live.counted} of ${live.steps} live and ${simulated.steps} simulated steps: ${comparisonWords(comparison)}`;
    await trained.inTurn(async () => {
      const now = trained.serving;
      if (now?.version !== version) {
        const why = `the model changed while its successor was trained; ${words}`;
        return publisher.note(functionName, "failed", why, atMs);
      }
      if (!comparison.isBetter) {
        const why = `the candidate is not surely better, ${words}`;
        return publisher.announce(trained, now, "rejected", why, atMs);
      }
      const models = registry.modelsOf(functionName);
      const step = Math.max(outcome.steps, ((await models.steps()).at(-1) ?? 0) + 1);
      await models.write(step, outcome.files);
      const control = onTrial(now.control, step, `step ${step} is better, ${words}`, atMs);
      await publisher.change(trained, now, control, "canary");
      await forgetOldModels(trained);
    });
  }

  /** Keeps the last few, the one that serves and the one before it. */
  async function forgetOldModels({ record: { functionName }, serving }: TrainedFunction): Promise<void> {
    try {
      const models = registry.modelsOf(functionName);
      for (const step of stepsToForget(await models.steps(), serving!.control, MAX_MODELS)) await models.remove(step);
    } catch (thrown) {
      // They are removed after the next publication.
      log.warn({ functionName, problem: messageOf(thrown) }, "old models could not be removed");
    }
  }

  return (trained, serving, reason) => {
    trained.training = reason;
    void train(trained, serving, reason)
      .catch(async (thrown: unknown) => {
        const atMs = trained.record.windows.at(-1)?.endedAtMs ?? 0;
        const why = `the training failed: ${messageOf(thrown)}`;
        await publisher.note(trained.record.functionName, "failed", why, atMs).catch(() => {});
      })
      .finally(() => {
        trained.training = null;
        trained.record.windowsSinceTraining = 0;
      });
  };
}
