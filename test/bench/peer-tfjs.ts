/** The tfjs engine in a process of its own, on one thread: native from the first argument, or plain without one. */
import { createTfjsEngine } from "#shared/rl/engine/tfjs/engine.ts";
import { FULL, someWeights } from "#test/support/engine/samples.ts";
import { epoch, epochOf2048, someObservations, stepTimes } from "./engine-epoch.ts";

async function main(): Promise<void> {
  // As PyTorch's and the wasm engine's. The library reads these when it is loaded.
  Object.assign(process.env, { TF_NUM_INTRAOP_THREADS: "1", TF_NUM_INTEROP_THREADS: "1", TF_CPP_MIN_LOG_LEVEL: "2" });
  const engine = await createTfjsEngine(FULL, someWeights(FULL, 1), process.argv[2]);
  const minibatch = epochOf2048();
  const observations = someObservations(1);
  process.on("message", (question: "epoch" | { readonly steps: number }) => {
    process.send!(question === "epoch" ? epoch(engine, minibatch) : stepTimes(engine, observations, question.steps));
  });
  process.send!({ port: 0 });
}

void main();
