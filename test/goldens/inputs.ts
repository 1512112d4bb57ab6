/** What is recorded: four loads, each the beginning of a real trace; four functions; every policy; two seeds. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./places.ts";

export interface Load {
  readonly name: string;
  readonly file: string;
  /** So many counts of the file's list; null: all of the file. */
  readonly first: number | null;
  readonly rateScale: number;
}

export const LOADS: readonly Load[] = [
  { name: "seed", file: "seed_request_count_raw_30s.json", first: 240, rateScale: 10 },
  { name: "nasa", file: "nasa1995_july_requests_30s.json", first: 240, rateScale: 2 },
  { name: "llm", file: "azure_llm2023_conv_requests.csv", first: null, rateScale: 1 },
  { name: "drescale", file: "drescale_invokation_data_30s.json", first: null, rateScale: 1 },
];

export const PROFILES = ["stress", "api", "io", "heavy"] as const;
export const SEEDS = 2;

export const RULES = [
  "fixed:3",
  "hpa",
  "hpa:behaviour=none",
  "kpa",
  "kpa:rps,target=5",
  "kpa@30s",
  "keda:threshold=5",
  "openfaas-ce",
  "openfaas-pro",
  "openfaas-pro:cpu",
  "slo-budget",
  "forecast-mpc",
  "hybrid-histogram",
  "holt-winters",
  "random",
  "oracle",
  "foresight",
] as const;

export const MODELS = [
  "ppo-paper",
  "lstm-ppo-paper",
  "lstm-ppo-plus-paper",
  "ppo-corrected",
  "lstm-ppo-corrected",
  "lstm-ppo-plus-corrected",
  "lstm-ppo-plus-product",
] as const;

/** A model as ticks hold it, without the guard, and as it draws. */
export const MODEL_FORMS = ["lstm-ppo-plus-product@held", "ppo-corrected@bare", "lstm-ppo-plus-paper@sampled"] as const;

/** Gives `use` the place of each load, cut to its beginning in a folder that goes away again. */
export async function withLoads<Result>(use: (placeOf: (load: Load) => string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "replicant-goldens-"));
  const placeOf = ({ file, first }: Load) => (first === null ? join("traces", file) : join(folder, file));
  try {
    for (const load of LOADS) {
      if (load.first === null) continue;
      const counts = JSON.parse(await readFile(join(ROOT, "traces", load.file), "utf8")) as number[];
      await writeFile(placeOf(load), JSON.stringify(counts.slice(0, load.first)));
    }
    return await use(placeOf);
  } finally {
    await rm(folder, { recursive: true });
  }
}
