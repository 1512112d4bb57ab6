/** Every rule, tuned on the training traces with the same budget; what is there already and was made alike is left alone. */
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { versions } from "#shared/evaluation/files/machine.ts";
import type { ManifestEntry } from "#shared/evaluation/files/manifest.ts";
import type { EvaluationWorld } from "#shared/evaluation/pool/run-matrix.ts";
import type { TunedPolicy } from "#shared/evaluation/files/tuned-policy.ts";
import { tune } from "../tune.ts";
import { TUNED } from "#shared/evaluation/agents/contenders.ts";
import type { CompareAgentsOptions } from "./options.ts";

/** By rule: the policy with its best options. */
export type TunedRules = ReadonlyMap<string, string>;

export async function tuneAll(
  { work, budget, workers, small }: CompareAgentsOptions,
  data: readonly ManifestEntry[],
  world: EvaluationWorld,
): Promise<TunedRules> {
  const tuned = new Map<string, string>();
  for (const rule of TUNED) {
    const out = join(work, "rules", `${rule}.json`);
    const { trace, rateScale } = data[0]!;
    const load = small ? { traces: trace, rateScales: String(rateScale), seeds: "1" } : { split: "train" };
    const words = small ? `--traces ${trace} --rate-scales ${rateScale} --seeds 1` : "--split train";
    const command = `replicant tune --policy ${rule} ${words} --budget ${budget} --start-cost 0 --out ${out}`;
    if ((await tunedBy(command, out)) === null) {
      world.say(`${rule}, ${budget} candidates …`);
      await mkdir(dirname(out), { recursive: true });
      // This comparison prices replica-seconds alone.
      const flags = { policy: rule, ...load, startCost: "0", budget: String(budget), workers: String(workers), out };
      await tune(flags, { ...world, say: () => {}, command });
    }
    tuned.set(rule, (await tunedBy(command, out))!);
  }
  return tuned;
}

/** Null where that command, of this version, has not written it. */
async function tunedBy(command: string, file: string): Promise<string | null> {
  const text = await readFile(file, "utf8").catch(() => "null");
  const found = JSON.parse(text) as TunedPolicy | null;
  return found?.command === command && found.replicantVersion === versions().replicant ? found.policy : null;
}
