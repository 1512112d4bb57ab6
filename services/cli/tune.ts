/** `replicant tune`: calibrates a rule on training traces by a seeded search with a stated budget. */
import { readFlags } from "#shared/config/flags.ts";
import { budgetOf } from "#shared/core/slo.ts";
import { readProfile } from "#shared/evaluation/files/profiles.ts";
import { TUNED_KIND, type TunedPolicy } from "#shared/evaluation/files/tuned-policy.ts";
import { checkOwnFile, writeWhole } from "#shared/evaluation/files/whole-file.ts";
import { TUNABLE } from "#shared/evaluation/tune/space.ts";
import { tuneRule, type TuneOptions } from "#shared/evaluation/tune/tune.ts";
import { command, type FlagsOf } from "./command.ts";
import { MATRIX_OPTIONS, readMatrixFlags } from "./matrix-flags.ts";

const OPTIONS = {
  ...MATRIX_OPTIONS,
  "--policy <rule>": `${Object.keys(TUNABLE).join(", ")}; kpa@30s; …@bare without guard; …@stabilised: tunes the guard, too`,
  "--profile <name>": "the function: stress (default), api, io, heavy, or @FILE that calibrate wrote",
  "--budget <n>": "how many candidates are tried (default 32)",
  "--max-violations <percent>":
    "the cheapest candidate with at most so many late calls (default: the SLO's budget, 5 at the 95th percentile)",
  "--search-seed <text>": "seed of the search (default 1)",
  "--out <file>": "write the result here, for 'evaluate --policies @FILE'",
  "--json": "print the result as JSON, and nothing else, on stdout",
} as const;

export default command({
  name: "tune",
  description: "calibrate a rule on training traces by a seeded search",
  options: OPTIONS,
  async run(flags, world) {
    const options = await readTuneFlags(flags);
    const { out } = flags;
    if (out !== undefined) await checkOwnFile(out, TUNED_KIND, "tune");
    const tuned = await tuneRule(options, world);
    if (out !== undefined) await writeWhole(out, `${JSON.stringify(tuned, null, 2)}\n`);
    if (flags.json) return world.answer(JSON.stringify(tuned));
    for (const line of linesOf(tuned, options.maxViolationsPercent)) world.say(line);
    world.say(
      out === undefined
        ? "--out FILE writes this for 'evaluate --policies @FILE'"
        : `${out}: use it as 'evaluate --policies @${out}'`,
    );
  },
});

/** Throws a `ConfigError` that names every bad flag. */
async function readTuneFlags(flags: FlagsOf<typeof OPTIONS>): Promise<TuneOptions> {
  const read = readFlags();
  const matrix = readMatrixFlags(flags, read, 2);
  if (matrix.loads !== null && flags.profile !== undefined) {
    read.problem("--loads and --profile exclude each other: a load brings its function");
  }
  const profile = await readProfile(flags.profile, read);
  const slo = { ...profile.slo, percentile: matrix.percentile ?? profile.slo.percentile };
  const percents = { least: 0, most: 100 };
  if (flags.policy === undefined) read.problem("--policy is missing: for example hpa");
  const options = {
    ...matrix,
    policy: flags.policy ?? "",
    profile,
    budget: read.number("budget", flags.budget, 32, { least: 1, most: 100_000, whole: true }),
    maxViolationsPercent: read.number("max-violations", flags.maxViolations, budgetOf(slo) * 100, percents),
    searchSeed: flags.searchSeed ?? "1",
  };
  read.done();
  return options;
}

function linesOf({ policy, score, candidates }: TunedPolicy, percent: number): string[] {
  const line = (one: Pick<TunedPolicy, "policy" | "score">) =>
    `${(one.score.sloViolationShare * 100).toFixed(2).padStart(6)} % late, ${one.score.oracleMultiple.toFixed(3)} × oracle  ${one.policy}`;
  return [
    `tried ${candidates.length} candidates; at most ${percent} % late wanted`,
    `first ${line(candidates[0]!)}`,
    `best  ${line({ policy, score })}`,
    ...(score.isFeasible ? [] : [`no candidate stays below ${percent} %: this is the one with the fewest late calls`]),
  ];
}
