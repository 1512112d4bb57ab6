/** Learns in a process of its own, and tells where the time goes. */
import { fileModelStore } from "#shared/adapters/model-store.ts";
import type { Environment } from "#shared/task/environment/contract.ts";
import { seededRandom } from "#shared/core/random.ts";
import type { Trace } from "#shared/traces/trace.ts";
import { LearnedPolicy, proposeAll } from "#shared/policies/learned.ts";
import { networkOf, settingsOf, type AgentName } from "#shared/rl/agents.ts";
import { trainPpo } from "#shared/rl/ppo.ts";
import { taskNamed } from "#shared/task/task.ts";
import { initialWeights } from "#shared/rl/engine/initialise.ts";
import type { Engine } from "#shared/rl/engine/types.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { embeddedKernel } from "#shared/rl/kernel/embedded.ts";
import { localCollector } from "#shared/rl/rollout/local.ts";
import { freshState } from "#shared/rl/training.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { isDecidable } from "#shared/core/window.ts";
import { learnerHere } from "../../services/trainer/learning/learner.ts";
import { makeTask } from "#shared/training/tasks.ts";

export type LearningOrder =
  | { readonly kind: "train"; readonly agent: AgentName; readonly steps: number; readonly counts: readonly number[] }
  | { readonly kind: "decide"; readonly functions: number; readonly rounds: number }
  | { readonly kind: "fine-tune"; readonly times: number };

/** Seconds, or for `decide` milliseconds of each round. */
export interface LearningReading {
  readonly total: number;
  readonly simulator: number;
  readonly forward: number;
  readonly update: number;
  readonly roundsMs: readonly number[];
  /** After each fine-tuning. */
  readonly residentMb: readonly number[];
}

const NOTHING: LearningReading = { total: 0, simulator: 0, forward: 0, update: 0, roundsMs: [], residentMb: [] };

class Stopwatch {
  seconds = 0;

  of<T>(work: () => T): T {
    const startMs = performance.now();
    try {
      return work();
    } finally {
      this.seconds += (performance.now() - startMs) / 1000;
    }
  }
}

async function trainOnce(agent: AgentName, steps: number, counts: readonly number[]): Promise<LearningReading> {
  const settings = settingsOf(agent, "paper");
  const { hyperparameters } = settings;
  const [simulator, forward, update] = [new Stopwatch(), new Stopwatch(), new Stopwatch()];
  const trace: Trace = { kind: "binned", format: "counts-30s", name: "bench", binSeconds: 30, counts };
  const plan = { settings, traces: [{ trace, rateScale: 10 }], keepsRates: true, profiles: ["stress"] };
  const timed = (environment: Environment): Environment => ({
    ...environment,
    reset: (options) => simulator.of(() => environment.reset(options)),
    step: (action) => simulator.of(() => environment.step(action)),
  });
  const spec = networkOf(settings);
  const engine = createWasmEngine(embeddedKernel(), spec, initialWeights(spec, seededRandom(1)));
  const watched: Engine = {
    name: engine.name,
    spec,
    step: (...given) => forward.of(() => engine.step(...given)),
    forwardSequence: (sequences) => engine.forwardSequence(sequences),
    forwardBackward: (...given) => update.of(() => engine.forwardBackward(...given)),
    adam: (options) => update.of(() => engine.adam(options)),
    getGradients: () => engine.getGradients(),
    getWeights: () => engine.getWeights(),
    setWeights: (weights) => engine.setWeights(weights),
    getOptimiser: () => engine.getOptimiser(),
    setOptimiser: (state) => engine.setOptimiser(state),
    heldBytes: () => engine.heldBytes(),
    close: () => engine.close(),
  };
  const collector = localCollector({
    engine: watched,
    environments: hyperparameters.environments,
    seed: 1,
    makeEnvironment: (index) => timed(makeTask(plan, index)),
  });
  const from = freshState(hyperparameters, spec.observationSize);
  const all = new Stopwatch();
  const startMs = performance.now();
  const training = trainPpo({ engine: watched, collector, hyperparameters, seed: 1, totalSteps: steps, from });
  for (let next = await training.next(); next.done !== true; next = await training.next());
  all.seconds = (performance.now() - startMs) / 1000;
  engine.close();
  return {
    ...NOTHING,
    total: all.seconds,
    simulator: simulator.seconds,
    forward: forward.seconds,
    update: update.seconds,
  };
}

function decide(functions: number, rounds: number): LearningReading {
  const settings = settingsOf("lstm-ppo-plus", "paper");
  const spec = networkOf(settings);
  const model = {
    identity: { name: "bench", version: "1" },
    engine: createWasmEngine(embeddedKernel(), spec, initialWeights(spec, seededRandom(1))),
    task: taskNamed(settings),
    statistics: null,
    maskActions: true,
  };
  const policies = Array.from({ length: functions }, () => new LearnedPolicy(model));
  const window = aWindow();
  if (!isDecidable(window)) throw new Error("the bench's window must be decidable");
  const asked = policies.map((policy) => ({ policy, input: { window, managed: aManaged(), nowMs: 0 } }));
  const roundsMs = Array.from({ length: rounds }, () => {
    const startMs = performance.now();
    proposeAll(asked);
    return performance.now() - startMs;
  });
  model.engine.close();
  return { ...NOTHING, roundsMs };
}

/** As the trainer does it with what it ships with: the product's model, four hours of windows, 16,384 simulated steps. */
async function fineTuneOften(times: number): Promise<LearningReading> {
  const files = await fileModelStore("shared/models/lstm-ppo-plus-product").read(null);
  const windows = Array.from({ length: 480 }, (_, seq) => aWindow({ seq: seq + 1, arrivals: 60 + (seq % 40) }));
  const kernel = embeddedKernel();
  const learner = learnerHere((spec, weights) => createWasmEngine(kernel, spec, weights));
  const residentMb: number[] = [];
  for (let time = 0; time < times; time++) {
    const about = { version: "bench", isHeld: false, managed: aManaged(), rule: "openfaas-pro" };
    const job = { files, ...about, transitions: [], windows };
    await learner.fineTune({ ...job, simulatedSteps: 16_384, seed: `bench/${time}` });
    residentMb.push(process.memoryUsage.rss() / 2 ** 20);
  }
  return { ...NOTHING, residentMb };
}

function readingOf(order: LearningOrder): Promise<LearningReading> {
  switch (order.kind) {
    case "train":
      return trainOnce(order.agent, order.steps, order.counts);
    case "decide":
      return Promise.resolve(decide(order.functions, order.rounds));
    case "fine-tune":
      return fineTuneOften(order.times);
  }
}

process.on("message", (order: LearningOrder) => {
  void readingOf(order).then((told) => process.send!(told));
});
process.on("SIGTERM", () => process.exit(0));
process.send!({ port: 0 });
