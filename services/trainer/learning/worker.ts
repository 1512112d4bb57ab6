/** A thread that estimates or trains; bundled on its own. */
import { serveQuestions } from "#shared/adapters/workers.ts";
import type { Estimate } from "#shared/core/model-lifecycle.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { embeddedKernel } from "#shared/rl/kernel/embedded.ts";
import type { FineTuned } from "./fine-tune.ts";
import { learnerHere, type Question } from "./learner.ts";

serveQuestions<null, Question, Estimate | null | FineTuned>(async () => {
  const kernel = embeddedKernel();
  const learner = learnerHere((spec, weights) => createWasmEngine(kernel, spec, weights));
  return (question) => (question.kind === "estimate" ? learner.estimate(question.job) : learner.fineTune(question.job));
});
