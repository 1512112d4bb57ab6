/** What `evaluate --json` and `simulate --json` say of every policy. */
import { replicant } from "./command.ts";
import { LOADS, MODEL_FORMS, MODELS, RULES, SEEDS, withLoads, type Load } from "./inputs.ts";
import { numbersOf } from "./numbers.ts";
import { digestOf, type Entries } from "./records.ts";

interface Row {
  readonly policy: string;
  readonly profile: string;
  readonly sloViolationShare: { readonly mean: number };
  readonly replicaSeconds: { readonly mean: number };
}

/** Where the file was, and what it said of the program that wrote it. */
const ACCIDENTAL = new Set(["trace", "versions", "reason"]);

/** Every policy × the loads × the profiles × two seeds. */
export async function evaluated(loads: readonly Load[], profiles: readonly string[]): Promise<Entries> {
  const entries: Record<string, unknown> = {};
  await withLoads(async (placeOf) => {
    for (const load of loads) {
      const words = ["--policies", [...RULES, ...MODELS, ...MODEL_FORMS].join(), "--traces", placeOf(load)];
      const matrix = ["--profiles", profiles.join(), "--rate-scales", String(load.rateScale), "--seeds", String(SEEDS)];
      const { rows } = JSON.parse(await replicant(["evaluate", ...words, ...matrix, "--json"])) as { rows: Row[] };
      for (const row of rows) {
        entries[`${load.name} ${row.profile} ${row.policy}`] = {
          late: row.sloViolationShare.mean,
          replicaSeconds: row.replicaSeconds.mean,
          digest: digestOf(numbersOf(row, ACCIDENTAL)),
        };
      }
    }
  });
  return entries;
}

interface Simulated {
  readonly totals: { readonly sloViolationShare: number; readonly replicaSeconds: number };
  readonly windows: readonly unknown[];
}

/** Every rule on one load, window by window. */
export async function simulated(): Promise<Entries> {
  const load = LOADS.at(-1)!;
  const entries: Record<string, unknown> = {};
  await withLoads(async (placeOf) => {
    for (const policy of [...RULES, ...MODEL_FORMS]) {
      const words = ["--trace", placeOf(load), "--rate-scale", String(load.rateScale), "--policy", policy];
      const document = JSON.parse(await replicant(["simulate", ...words, "--json"])) as Simulated;
      entries[policy] = {
        late: document.totals.sloViolationShare,
        replicaSeconds: document.totals.replicaSeconds,
        windows: document.windows.length,
        digest: digestOf(numbersOf(document, ACCIDENTAL)),
      };
    }
  });
  return entries;
}
