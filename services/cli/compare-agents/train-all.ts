/** Every agent, form and seed, learned into a folder of its own; what is there already and was made alike is left alone. */
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { fileModelStore, writeFiles } from "#shared/adapters/model-store.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { decodeCheckpoint } from "#shared/rl/checkpoint/decode.ts";
import { encodeCheckpoint } from "#shared/rl/checkpoint/encode.ts";
import type { Checkpoint, TrainingRecord } from "#shared/rl/checkpoint/types.ts";
import { settingsOf } from "#shared/rl/agents.ts";
import type { ManifestEntry } from "#shared/evaluation/files/manifest.ts";
import { train, type TrainWorld } from "../train.ts";
import { LEARNED, nameOfLearned, type LearnedContender } from "#shared/evaluation/agents/contenders.ts";
import type { CompareAgentsOptions } from "./options.ts";

export type TrainAllWorld = Omit<TrainWorld, "command">;

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
      const { agent, form } = learned;
      const command = `replicant train --agent ${agent} --objective ${form} --steps ${steps} --seed ${seed}`;
      // One short trace has no manifest, and a rate of its own.
      const rate = data[0]!.rateScale;
      const excerpt = small ? { traces: data[0]!.trace, rateScale: String(rate) } : {};
      const words = small ? ` --traces ${excerpt.traces} --rate-scale ${rate}` : "";
      const whole = `${command}${words} --serving-only --out ${out}`;
      if (isMadeBy(whole, learned, await checkpointIn(out))) continue;
      world.say(`${nameOfLearned(learned)}, seed ${seed} …`);
      await rm(out, { recursive: true, force: true });
      await mkdir(dirname(out), { recursive: true });
      const flags = { agent, objective: form, steps: String(steps), seed: String(seed), workers: String(workers) };
      await train({ ...flags, ...excerpt, out, servingOnly: true }, { ...world, say: () => {}, command: whole });
    }
  }
}

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
