/** Trains a small agent on what was added, and leaves its checkpoint: `tsx train-small.ts <folder>`, run in the changed copy. */
import { writeFiles } from "#shared/adapters/model-store.ts";
import { seededRandom } from "#shared/core/random.ts";
import { compileKernel } from "#shared/build/kernel.mjs";
import { networkOf, settingsOf, type AgentSettings } from "#shared/rl/agents.ts";
import { encodeCheckpoint } from "#shared/rl/checkpoint/encode.ts";
import { initialWeights } from "#shared/rl/engine/initialise.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { trainPpo } from "#shared/rl/ppo.ts";
import { localCollector } from "#shared/rl/rollout/local.ts";
import { freshState } from "#shared/rl/training.ts";
import { makeTask } from "#shared/training/tasks.ts";

const base = settingsOf("lstm-ppo-plus", "product");
const sizes = { environments: 2, rolloutSteps: 128, minibatchSteps: 64, sequenceSteps: 8, episodeWindows: 16 };
// The copy's tables have these names; the tree's have not.
const names = { layout: "change-3", actions: "steps-9", objective: "quiet" } as unknown as AgentSettings;
const hyperparameters = { ...base.hyperparameters, ...sizes, hidden: [8], lstm: 8, epochs: 1 };
const settings: AgentSettings = { ...base, ...names, hyperparameters };
const network = networkOf(settings);
const engine = createWasmEngine(await compileKernel(), network, initialWeights(network, seededRandom(1)));
const plan = { settings, traces: [], keepsRates: false, profiles: ["stress"] };
const trace = { kind: "binned", format: "counts-30s", name: "steady", binSeconds: 30, counts: [60, 60, 60] } as const;
const collector = localCollector({
  engine,
  environments: 2,
  seed: 1,
  makeEnvironment: (index) => makeTask({ ...plan, traces: [{ trace, rateScale: 1 }] }, index),
});
const from = freshState(hyperparameters, network.observationSize);
const rounds = [];
for await (const round of trainPpo({ engine, collector, hyperparameters, seed: 1, totalSteps: 256, from }))
  rounds.push(round);
const { state } = rounds.at(-1)!;
const record = {
  ...{
    settings,
    network,
    statistics: state.statistics,
    seed: "1",
    steps: state.steps,
    rounds: state.round,
    totalSteps: 256,
  },
  ...{ engine: engine.name, command: "", traces: [], early: null, evaluation: null },
};
await writeFiles(process.argv[2]!, encodeCheckpoint({ record, weights: engine.getWeights(), continuation: null }));
console.log(JSON.stringify({ network, steps: state.steps, returns: rounds.map(({ report }) => report.meanReturn) }));
