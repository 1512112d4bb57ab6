/** Every agent, form and seed, learned into a folder of its own; what is there already and was made alike is left alone. */
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { fileModelStore, writeFiles } from "../../adapters/model-store.ts";
import { BadInputError } from "../../core/errors.ts";
import { decodeCheckpoint } from "../../rl/checkpoint/decode.ts";
import { encodeCheckpoint } from "../../rl/checkpoint/encode.ts";
import type { Checkpoint, TrainingRecord } from "../../rl/checkpoint/types.ts";
import { settingsOf } from "../../rl/agents.ts";
import { DEFAULT_MANIFEST, type ManifestEntry } from "../../evaluation/files/manifest.ts";
import { TRAIN_DEFAULTS, type TrainOptions } from "../options.ts";
import { train, type TrainWorld } from "../train.ts";
import { LEARNED, nameOfLearned, type LearnedContender } from "../../evaluation/agents/contenders.ts";
import type { CompareAgentsOptions } from "./options.ts";

/** What the trainings need of their process. */
export interface TrainAllWorld extends Pick<TrainWorld, "threadScript" | "progress" | "signal"> {
  /** What is trained now, a line each. */
  readonly say: (line: string) => void;
}

/** The folder of one contender's checkpoint. */
export function folderOf({ work }: CompareAgentsOptions, { agent, form }: LearnedContender, seed: number): string {
  return join(work, "models", `${agent}-${form}-${seed}`);
}

/** One after the other, each on all threads. Rejects with `InterruptedError`; what is whole by then is kept. */
export async function trainAll(
  options: CompareAgentsOptions,
  data: readonly ManifestEntry[],
  world: TrainAllWorld,
): Promise<void> {
  const { seeds, steps, workers, small } = options;
  for (const learned of LEARNED) {
    for (const seed of seeds) {
      const out = folderOf(options, learned, seed);
      const command = `replicant train --agent ${learned.agent} --objective ${learned.form} --steps ${steps} --seed ${seed}`;
      // One short trace has no manifest, and a rate of its own.
      const { trace, rateScale } = data[0]!;
      const words = small ? ` --traces ${trace} --rate-scale ${rateScale}` : "";
      const whole = `${command}${words} --serving-only --out ${out}`;
      if (isMadeBy(whole, learned, await checkpointIn(out))) continue;
      world.say(`${nameOfLearned(learned)}, seed ${seed} …`);
      await rm(out, { recursive: true, force: true });
      await mkdir(dirname(out), { recursive: true });
      const excerpt = small ? { traces: [trace], rateScale } : { traces: [], rateScale: null };
      const training = { ...SIMULATED, ...learned, ...excerpt, steps, seed: String(seed), workers, out };
      await train(training, { ...world, command: whole, openLive: neverLive });
    }
  }
}

/** The defaults of `replicant train`. */
const SIMULATED = {
  ...{ env: "sim", manifest: DEFAULT_MANIFEST, profiles: [], engine: "wasm", functionName: null },
  ...{ checkpointEvery: TRAIN_DEFAULTS.checkpointSteps, rolloutSteps: TRAIN_DEFAULTS.live.rolloutSteps },
  ...{ resume: false, step: null, servingOnly: true },
} as const satisfies Partial<TrainOptions>;

const neverLive = () => Promise.reject(new Error("agents are compared in the simulator alone"));

/** What was measured of it goes into its record. */
export async function noteEvaluation(folder: string, evaluation: TrainingRecord["evaluation"]): Promise<void> {
  const checkpoint = decodeCheckpoint(await fileModelStore(folder).read(null));
  await writeFiles(folder, encodeCheckpoint({ ...checkpoint, record: { ...checkpoint.record, evaluation } }));
}

/** The same order, and the same meaning of it: hyperparameters may have changed since. */
function isMadeBy(command: string, { agent, form }: LearnedContender, found: Checkpoint | null): boolean {
  if (found === null || found.record.command !== command) return false;
  return isDeepStrictEqual(found.record.settings, settingsOf(agent, form));
}

/** Null where there is none that can be read. */
async function checkpointIn(folder: string): Promise<Checkpoint | null> {
  try {
    return decodeCheckpoint(await fileModelStore(folder).read(null));
  } catch (thrown) {
    if (thrown instanceof BadInputError) return null;
    throw thrown;
  }
}
