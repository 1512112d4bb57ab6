/** Every rule, tuned on the training traces with the same budget; what is there already and was made alike is left alone. */
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { versions } from "../../evaluation/files/machine.ts";
import { budgetOf } from "../../core/slo.ts";
import { DEFAULT_MANIFEST, type ManifestEntry } from "../../evaluation/files/manifest.ts";
import { writeWhole } from "../../evaluation/files/whole-file.ts";
import { PROFILES } from "../../sim/profiles.ts";
import type { EvaluationWorld } from "../../evaluation/pool/run-matrix.ts";
import type { TunedPolicy } from "../../evaluation/files/tuned-policy.ts";
import { tuneRule, type TuneOptions } from "../../evaluation/tune/tune.ts";
import { TUNED } from "../../evaluation/agents/contenders.ts";
import type { CompareAgentsOptions } from "./options.ts";

/** By rule: the policy with its best options. */
export type TunedRules = ReadonlyMap<string, string>;

/** Writes what it tunes into the work folder. */
export async function tuneAll(
  { work, budget, workers, small }: CompareAgentsOptions,
  data: readonly ManifestEntry[],
  world: EvaluationWorld,
): Promise<TunedRules> {
  const tuned = new Map<string, string>();
  for (const rule of TUNED) {
    const out = join(work, "rules", `${rule}.json`);
    const { trace, rateScale } = data[0]!;
    const words = small ? `--traces ${trace} --rate-scales ${rateScale} --seeds 1` : "--split train";
    const command = `replicant tune --policy ${rule} ${words} --budget ${budget} --start-cost 0 --out ${out}`;
    if ((await tunedBy(command, out)) === null) {
      world.say(`${rule}, ${budget} candidates …`);
      await mkdir(dirname(out), { recursive: true });
      const load = small
        ? { traces: [trace], split: null, rateScales: [rateScale], seeds: [1] }
        : { traces: [], split: "train" as const, rateScales: null, seeds: [1, 2] };
      const options = { ...AS_TUNE_HAS_IT, ...load, policy: rule, budget, workers };
      const tuning = await tuneRule(options, { ...world, say: () => {}, command });
      await writeWhole(out, `${JSON.stringify(tuning, null, 2)}\n`);
    }
    tuned.set(rule, (await tunedBy(command, out))!);
  }
  return tuned;
}

/** The defaults of `replicant tune`, except that this comparison prices replica-seconds alone. */
const AS_TUNE_HAS_IT = {
  ...{ loads: null, manifest: DEFAULT_MANIFEST, format: undefined, percentile: null, guard: "on", startCostSeconds: 0 },
  ...{ profile: PROFILES.stress, maxViolationsPercent: budgetOf(PROFILES.stress.slo) * 100, searchSeed: "1" },
} as const satisfies Partial<TuneOptions>;

/** Null where that command, of this version, has not written it. */
async function tunedBy(command: string, file: string): Promise<string | null> {
  const text = await readFile(file, "utf8").catch(() => "null");
  const found = JSON.parse(text) as TunedPolicy | null;
  return found?.command === command && found.replicantVersion === versions().replicant ? found.policy : null;
}
