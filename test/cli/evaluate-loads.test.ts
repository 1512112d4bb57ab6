/** Loads in place of traces: `evaluate` and `tune` run each with its own function. */
import assert from "node:assert/strict";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";

import type { EvaluationResult } from "#shared/evaluation/results/result.ts";
import type { TunedPolicy } from "#shared/evaluation/files/tuned-policy.ts";
import { runCommand, temporaryFolder } from "#test/support/command.ts";

const DRESCALE = "drescale_invokation_data_30s.json";
const FUNCTION = {
  cpuSeconds: 0.3,
  sleepSeconds: 0.2,
  workCv: 0.4,
  sloSeconds: 4,
  cpuLimitCores: 0.25,
  maxInflight: 0,
  targetInFlight: 3,
  startMedianSeconds: 12,
  startSigma: 0.3,
  maxReplicas: 12,
};
const common = { family: "steady", durationSeconds: 900, seed: 1 };
const LOADS = [
  { ...common, name: "made-1", split: "train", meanRps: 3, function: FUNCTION },
  { ...common, name: "made-2", split: "test", meanRps: 2, function: "stress" },
  { ...common, name: "made-3", split: "test", meanRps: 2, function: FUNCTION },
  {
    ...common,
    name: "drescale-1",
    split: "test",
    parts: [{ file: DRESCALE, fromSeconds: 0, times: 3 }],
    function: { ...FUNCTION, sloSeconds: 8 },
  },
];

async function manifestIn(t: TestContext): Promise<{ folder: string; file: string }> {
  const folder = await temporaryFolder(t);
  const file = join(folder, "loads.json");
  await writeFile(file, JSON.stringify({ about: "small", loads: LOADS }));
  await copyFile(join("traces", DRESCALE), join(folder, DRESCALE));
  return { folder, file };
}

/** The cells of `evaluate` on the first two loads of the test split. */
async function twoCells(t: TestContext, words: readonly string[] = []): Promise<EvaluationResult["cells"]> {
  const { file } = await manifestIn(t);
  const { code, stdout, stderr } = await runCommand(t, [
    ...["evaluate", "--policies", "fixed:2", "--loads", file, "--split", "test", "--limit", "2"],
    ...["--seeds", "1", ...words, "--json"],
  ]);
  assert.equal(code, 0, stderr);
  return (JSON.parse(stdout) as EvaluationResult).cells;
}

describe("evaluate --loads", () => {
  test("runs every load of the split with its own function, and says so", async (t) => {
    const { folder, file } = await manifestIn(t);
    const out = join(folder, "out");
    const words = ["evaluate", "--policies", "hpa", "--loads", file, "--split", "test", "--seeds", "1", "--out", out];
    const { code, stdout, stderr } = await runCommand(t, words);
    assert.equal(code, 0, stderr);
    for (const head of [
      "made-2 × 1, profile stress (SLO 95 % within 3 s)",
      "made-3 × 1, profile drawn (SLO 95 % within 4 s)",
      "drescale-1 × 1, profile drawn (SLO 95 % within 8 s)",
    ]) {
      assert.ok(stdout.includes(`${head}: `), stdout);
    }
    const result = JSON.parse(await readFile(join(out, "results.json"), "utf8")) as EvaluationResult;
    assert.deepEqual(
      result.cells.map(({ trace, profile, rateScale, maxReplicas }) => [trace, profile, rateScale, maxReplicas]),
      [
        ["made-2", "stress", 1, 24],
        ["made-3", "drawn", 1, 12],
        ["drescale-1", "drawn", 1, 12],
      ],
    );
    const [made, , recorded] = result.traces;
    assert.deepEqual([made!.format, made!.durationSeconds], ["counts-binned", 900]);
    const all = JSON.parse(await readFile(join(folder, DRESCALE), "utf8")) as number[];
    assert.equal(recorded!.invocations, 3 * all.slice(0, 30).reduce((a, b) => a + b));
    assert.notEqual(made!.digest, recorded!.digest);
    const report = await readFile(join(out, "report.html"), "utf8");
    assert.match(report, /<dt>Profiles<\/dt><dd>stress: SLO 95 % within 3 s; drawn: 2 SLOs, as the tables say<\/dd>/);
  });

  test("takes so many of them as the limit says", async (t) => {
    const cells = await twoCells(t);
    assert.deepEqual(
      cells.map(({ trace }) => trace),
      ["made-2", "made-3"],
    );
  });

  test("a percentile holds for every load in place of its own", async (t) => {
    const cells = await twoCells(t, ["--percentile", "99"]);
    assert.deepEqual(
      cells.map(({ slo }) => slo),
      [
        { seconds: 3, percentile: 99 },
        { seconds: 4, percentile: 99 },
      ],
    );
  });

  for (const { name, words, says } of [
    { name: "no split", words: [], says: "--split is missing: which of the loads? One of train, validation, test" },
    {
      name: "traces beside them",
      words: ["--split", "test", "--traces", "a.json"],
      says: "--loads and --traces exclude each other",
    },
    {
      name: "rate scales",
      words: ["--split", "test", "--rate-scales", "2"],
      says: "--loads and --rate-scales exclude each other",
    },
    {
      name: "profiles",
      words: ["--split", "test", "--profiles", "api"],
      says: "--loads and --profiles exclude each other: a load brings its function",
    },
    {
      name: "a limit of none",
      words: ["--split", "test", "--limit", "0"],
      says: "--limit must be a whole number from 1 to 100000, was: '0'",
    },
    {
      name: "a percentile that nobody owes",
      words: ["--split", "test", "--percentile", "97"],
      says: "--percentile must be one of 90, 95, 99, 99.9, was: '97'",
    },
    {
      name: "the live platform",
      words: ["--split", "test", "--env", "live"],
      says: "--loads belongs to the simulator, and --env is live",
    },
    { name: "an empty split", words: ["--split", "validation"], says: "there is no load of split 'validation'" },
  ]) {
    test(`refuses ${name}`, async (t) => {
      const { file } = await manifestIn(t);
      const { code, stderr } = await runCommand(t, ["evaluate", "--policies", "hpa", "--loads", file, ...words]);
      assert.equal(code, 2);
      assert.ok(
        stderr.split("\n").some((line) => line.startsWith("replicant: ") && line.endsWith(says)),
        stderr,
      );
    });
  }

  test("a limit without loads is refused", async (t) => {
    const words = ["evaluate", "--policies", "hpa", "--split", "test", "--limit", "3"];
    const { code, stderr } = await runCommand(t, words);
    assert.equal(code, 2);
    assert.equal(stderr, "replicant: --limit belongs to --loads\n");
  });
});

describe("tune --loads", () => {
  test("searches on the loads of the split; what it found is known to have seen their data", async (t) => {
    const { folder, file } = await manifestIn(t);
    const out = join(folder, "tuned.json");
    const tuned = await runCommand(t, [
      ...["tune", "--policy", "fixed", "--loads", file, "--split", "test"],
      ...["--budget", "4", "--seeds", "1", "--out", out],
    ]);
    assert.equal(tuned.code, 0, tuned.stderr);
    const found = JSON.parse(await readFile(out, "utf8")) as TunedPolicy;
    assert.equal(found.profile, "each load's own");
    assert.deepEqual(
      found.traces.map(({ name }) => name),
      ["made-2", "made-3", "drescale-1", DRESCALE],
    );
    const evaluated = ["evaluate", "--policies", `@${out}`, "--seeds", "1"];
    const seen = await runCommand(t, [...evaluated, "--loads", file, "--split", "test"]);
    assert.match(seen.stdout, /^warning: policy 'fixed:\d+' was .*\(made-2, made-3, drescale-1\)/m);
    const unseen = await runCommand(t, [...evaluated, "--loads", file, "--split", "train"]);
    assert.doesNotMatch(unseen.stdout, /warning/);
    const ofTrace = await runCommand(t, [...evaluated, "--traces", `traces/${DRESCALE}`, "--rate-scales", "1"]);
    assert.match(ofTrace.stdout, /^warning: policy 'fixed:\d+' was tuned or trained on data it is evaluated on/m);
  });

  test("refuses a profile: a load brings its function", async (t) => {
    const { file } = await manifestIn(t);
    const words = ["tune", "--policy", "fixed", "--loads", file, "--split", "test", "--profile", "api"];
    const { code, stderr } = await runCommand(t, words);
    assert.equal(code, 2);
    assert.equal(stderr, "replicant: --loads and --profile exclude each other: a load brings its function\n");
  });
});
