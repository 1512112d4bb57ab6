/** Where the computing is done: in this thread, or in two others so that the trainer is always responsive. */
import { startWorker } from "#shared/adapters/workers.ts";
import type { Estimate } from "#shared/core/model-lifecycle.ts";
import { CheckpointedMemoryPolicy } from "#shared/policies/checkpointed-memory.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import { heldModel } from "#shared/policies/held-model.ts";
import { servedModel, type MakeEngine, type ServedModel } from "#shared/policies/served-model.ts";
import { estimate } from "#shared/evaluation/estimate.ts";
import { fineTune, type EstimateJob, type FineTuned, type FineTuneJob } from "./fine-tune.ts";

/** Computes estimates and trainings. */
export interface Learner {
  /** Null with too few windows. Rejects with the reason when the model or the rule cannot be used. */
  estimate(job: EstimateJob): Promise<Estimate | null>;
  fineTune(job: FineTuneJob): Promise<FineTuned>;
  close(): Promise<void>;
}

/** What a learner's thread is asked. */
export type Question =
  { readonly kind: "estimate"; readonly job: EstimateJob } | { readonly kind: "fine-tune"; readonly job: FineTuneJob };

/** Models whose estimates are asked for window after window are decoded once. */
const REMEMBERED_MODELS = 16;

/** A learner in this thread, which blocks it while it computes. */
export function learnerHere(makeEngine: MakeEngine): Learner {
  const models = new Map<string, ServedModel>();
  function modelOf({ files, version }: EstimateJob): ServedModel {
    let served = models.get(version);
    if (!served) {
      served = servedModel(files, version, makeEngine);
      models.set(version, served);
      if (models.size > REMEMBERED_MODELS) models.delete(models.keys().next().value!);
    }
    return served;
  }
  return {
    async estimate(job) {
      const { model: asTrained } = modelOf(job);
      const { windows, managed, rule, base, isHeld } = job;
      const model = isHeld ? heldModel(asTrained) : asTrained;
      return estimate(windows, managed, () => new CheckpointedMemoryPolicy(model), policyByName(rule), base);
    },
    fineTune: (job) => fineTune(job, makeEngine),
    close: async () => {},
  };
}

/** `script` is the bundled worker. A training of many seconds keeps no estimate waiting. A thread that broke is started anew. */
export function learnerInThreads(script: string): Learner {
  const estimating = keptAlive<Question, Estimate | null>(script);
  const training = keptAlive<Question, FineTuned>(script);
  return {
    estimate: (job) => estimating.ask({ kind: "estimate", job }),
    fineTune: (job) => training.ask({ kind: "fine-tune", job }),
    close: async () => {
      await Promise.all([estimating.close(), training.close()]);
    },
  };
}

/** One question after the other. */
function keptAlive<Asked, Answer>(script: string) {
  type Thread = ReturnType<typeof startWorker<Asked, Answer>>;
  let thread: Thread | null = null;
  let previous: Promise<unknown> = Promise.resolve();
  async function ask(question: Asked): Promise<Answer> {
    thread ??= startWorker<Asked, Answer>(script, null);
    try {
      return await thread.ask(question);
    } catch (thrown) {
      await thread.close();
      thread = null;
      throw thrown;
    }
  }
  return {
    ask(question: Asked): Promise<Answer> {
      const answer = previous.then(() => ask(question));
      previous = answer.catch(() => {});
      return answer;
    },
    close: async () => thread?.close(),
  };
}
