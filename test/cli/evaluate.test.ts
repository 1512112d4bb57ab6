import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

import { fileModelStore } from "#shared/adapters/model-store.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { checkpointFiles } from "#test/support/a-checkpoint.ts";
import { evaluate } from "#services/cli/evaluate.ts";
import type { World } from "#services/cli/command.ts";
import type { EvaluationResult } from "#shared/evaluation/results/result.ts";
import { executablePath, withoutBrowser } from "#test/support/local-openfaas/browser.ts";
import { eventually } from "#test/support/eventually.ts";
import { runCommand, smallTrace, startCommand, temporaryFolder } from "#test/support/command.ts";

const POLICIES = "hpa,kpa,openfaas-pro:proportion=0.5,down-window=60,oracle";

describe("replicant evaluate", () => {
  let result: EvaluationResult;
  let report = "";

  test("a small matrix end to end: the same with one worker and with two, and when run again", async (t) => {
    const folder = await temporaryFolder(t);
    const trace = await smallTrace(folder);
    const words = [
      "evaluate",
      "--policies",
      POLICIES,
      "--traces",
      trace,
      "--rate-scales",
      "1,3",
      "--seeds",
      "2",
      "--json",
    ];
    const [one, two] = [
      await runCommand(t, [...words, "--workers", "1", "--out", join(folder, "one")]),
      await runCommand(t, [...words, "--workers", "2", "--out", join(folder, "two")]),
    ];
    assert.equal(one.code, 0, one.stderr);
    assert.equal(two.code, 0, two.stderr);
    result = JSON.parse(one.stdout) as EvaluationResult;
    const { made: _one, ...first } = result;
    const { made: _two, ...second } = JSON.parse(two.stdout) as EvaluationResult;
    assert.deepEqual(second, first);
    assert.deepEqual((await readdir(join(folder, "one"))).sort(), ["report.html", "results.csv", "results.json"]);
    assert.equal(await readFile(join(folder, "one", "results.json"), "utf8"), one.stdout);
    const [csv, csvAgain] = await Promise.all(
      ["one", "two"].map((run) => readFile(join(folder, run, "results.csv"), "utf8")),
    );
    assert.equal(csvAgain, csv);
    assert.equal(csv!.trim().split("\r\n").length, 1 + 4 * 2);
    report = await readFile(join(folder, "one", "report.html"), "utf8");
    // An earlier result may be replaced.
    const again = await runCommand(t, [...words, "--out", join(folder, "one")]);
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual((await readdir(folder)).sort(), ["one", "small.json", "two"]);
  });

  test("a row says what a policy did, the document where that comes from", () => {
    assert.equal(result.rows.length, 8);
    const row = result.rows.find(({ policy, rateScale }) => policy === "kpa" && rateScale === 3)!;
    const interval = { mean: "number", lo: "number", hi: "number" };
    const shapeOf = (value: unknown): unknown =>
      typeof value === "object" && value !== null
        ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]))
        : typeof value;
    assert.deepEqual(shapeOf(row), {
      policy: "string",
      trace: "string",
      profile: "string",
      rateScale: "number",
      seeds: "number",
      sloViolationShare: interval,
      budget: "number",
      isKept: "boolean",
      cost: interval,
      regret: row.isKept ? interval : "object",
      replicaSeconds: interval,
      oracleMultiple: interval,
      p50Seconds: "number",
      p95Seconds: "number",
      p99Seconds: "number",
      churn: "number",
      coldStarts: "number",
      replicaStarts: "number",
      reversalsPerHour: "number",
      windowsFullyServedShare: "number",
      failedShare: "number",
      calls: "number",
      replicasMean: "number",
      clippedDecisions: "number",
      heldDecisions: "number",
      decisions: "object",
      isParetoOptimal: "boolean",
    });
    assert.equal(row.profile, "stress");
    assert.equal(row.seeds, 2);
    const oracle = result.rows.find(({ policy }) => policy === "oracle")!;
    assert.deepEqual(oracle.oracleMultiple, { mean: 1, lo: 1, hi: 1 });
    assert.equal(oracle.isParetoOptimal, null);
    assert.match(result.traces[0]!.digest, /^[0-9a-f]{64}$/);
    assert.deepEqual(result.seeds, [1, 2]);
    assert.equal(result.runs.length, 5 * 2 * 2);
    assert.match(result.versions.node, /^v/);
    assert.ok(result.machine.cores >= 1);
    assert.match(result.made.command, /^replicant evaluate --policies/);
  });

  test("every policy of a seed gets the same calls", () => {
    const ones = result.runs.filter(({ seed, rateScale }) => seed === 1 && rateScale === 3);
    assert.equal(new Set(ones.map(({ calls }) => calls)).size, 1);
    assert.equal(new Set(ones.map(({ initialReplicas }) => initialReplicas)).size, 1);
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(
      `the report opens in a ${colorScheme} browser, complains of nothing and asks nobody`,
      { skip: withoutBrowser },
      async (t) => {
        const file = join(await temporaryFolder(t), "report.html");
        await writeFile(file, report);
        const browser = await chromium.launch({
          executablePath: executablePath!,
          args: ["--no-sandbox", "--disable-gpu"],
        });
        t.after(() => browser.close());
        const page = await browser.newPage({ colorScheme, viewport: { width: 1280, height: 900 } });
        const problems: string[] = [];
        const requested: string[] = [];
        page.on("console", (message) => problems.push(message.text()));
        page.on("pageerror", (error) => problems.push(String(error)));
        page.on("request", (request) => requested.push(request.url()));
        await page.goto(pathToFileURL(file).href);
        assert.equal(await page.locator("table").count(), 2 + 1);
        assert.equal(await page.locator("tbody tr").count(), 8 + 4);
        const pareto = page.locator("[data-pareto] svg");
        assert.equal(await pareto.count(), 2);
        assert.deepEqual(
          (await pareto.first().locator("text").allTextContents()).filter((text) => /^[a-z]/.test(text)).sort(),
          ["cost (thousands of replica-seconds) →", "foresight", "hpa", "kpa", "openfaas-pro:…", "oracle"],
        );
        assert.equal(await page.locator("[data-timeline] svg").count(), 4);
        assert.deepEqual(problems, []);
        assert.deepEqual(
          requested.filter((url) => !url.startsWith("data:")),
          [pathToFileURL(file).href],
        );
      },
    );
  }

  test("a checkpoint's folder is a policy; what it was trained on is known", async (t) => {
    const folder = await temporaryFolder(t);
    const trace = await smallTrace(folder);
    const digest = createHash("sha256")
      .update(await readFile(trace))
      .digest("hex");
    const model = join(folder, "model@1");
    const record = { traces: [{ name: "small", digest, selection: "boosted" }] };
    await fileModelStore(model).write(1000, checkpointFiles({ record }));
    const words = ["--traces", trace, "--rate-scales", "1", "--seeds", "1"];
    const evaluated = await runCommand(t, ["evaluate", "--policies", `${model},${model}@bare`, ...words]);
    assert.equal(evaluated.code, 0, evaluated.stderr);
    assert.match(evaluated.stdout, /^warning: policy '.*model@1' was tuned or trained on data it is evaluated on/m);
    assert.match(evaluated.stdout, /^[● ] .*model@1 +\d+\.\d\d of 5 /m);
    assert.match(evaluated.stdout, /^[● ] .*model@1@bare +\d+\.\d\d of 5 /m);
    await writeFile(join(model, "step-1000", "weights.bin"), "no weights");
    const refused = await runCommand(t, ["evaluate", "--policies", model, ...words]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /^replicant: policy '.*model@1' is refused: weights\.bin[^\n]*\n$/);
  });

  test("without --json there is a table, and nothing is written without --out", async (t) => {
    const folder = await temporaryFolder(t);
    const trace = await smallTrace(folder);
    const { code, stdout } = await runCommand(t, [
      "evaluate",
      "--policies",
      "fixed:3,hpa",
      "--traces",
      trace,
      "--rate-scales",
      "1",
      "--seeds",
      "1",
    ]);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /small\.json × 1, profile stress \(SLO 95 % within 3 s\): \d+ calls, [\d.]+ replicas needed on average/,
    );
    assert.match(stdout, /^ {2}policy +late % \[95 %\] of budget +cost \[95 %\] +regret +replica-s/m);
    assert.match(stdout, /^[● ] fixed:3 +\d+\.\d\d of 5 .* +\d+ +(\d+\.\d\d|–) +\d+/m);
    assert.deepEqual(await readdir(folder), ["small.json"]);
  });

  test("Ctrl-C ends it, and nothing is written", async (t) => {
    const folder = await temporaryFolder(t);
    const words = ["--traces", "traces/nasa1995_july_requests_30s.json", "--rate-scales", "4", "--seeds", "9"];
    const command = startCommand(t, ["evaluate", "--policies", "hpa", ...words, "--out", join(folder, "out")]);
    await eventually(() => command.said().includes("27 runs"), { timeoutMs: 60_000, what: "the evaluation begins" });
    command.interrupt();
    const { code, stderr } = await command.ended;
    assert.equal(code, 130);
    assert.match(stderr, /^replicant: interrupted; nothing was written$/m);
    assert.deepEqual(await readdir(folder), []);
  });
});

describe("replicant evaluate refuses in one sentence", () => {
  const good = { policies: "hpa", traces: "traces/drescale_invokation_data_30s.json" };
  const bad = [
    { name: "no policies", flags: { policies: undefined }, says: /^--policies is missing/ },
    { name: "an unknown policy", flags: { policies: "hpb" }, says: /^unknown policy 'hpb'/ },
    { name: "a policy twice", flags: { policies: "hpa,hpa" }, says: /^policy 'hpa' is named twice$/ },
    {
      name: "an empty policy",
      flags: { policies: "hpa,,kpa" },
      says: /^--policies has an empty entry: 'hpa,,kpa'$/,
    },
    {
      name: "a tuned policy that is not there",
      flags: { policies: "@nowhere.json" },
      says: /^policy '@nowhere.json': the file cannot be read$/,
    },
    {
      name: "a tuned policy that is something else",
      flags: { policies: "@package.json" },
      says: /the file is none that 'replicant tune' wrote$/,
    },
    { name: "no traces", flags: { traces: undefined }, says: /^--traces is missing/ },
    {
      name: "a trace that is not there",
      flags: { traces: "nowhere.json" },
      says: /^nowhere.json: cannot be read \(there is no such file\)$/,
    },
    {
      name: "a file that is no trace",
      flags: { traces: "package.json" },
      says: /^package.json, line 1: must begin like one of the formats/,
    },
    { name: "a trace twice", flags: { traces: "a.json,a.json" }, says: /^trace 'a.json' is named twice$/ },
    {
      name: "a split beside traces",
      flags: { split: "train" },
      says: /^--traces and --split exclude each other$/,
    },
    {
      name: "an unknown split",
      flags: { traces: undefined, split: "all" },
      says: /--split must be one of train, validation, test, was: 'all'$/,
    },
    {
      name: "an unknown profile",
      flags: { profiles: "stress,big" },
      says: /--profiles must name each of stress, api, io, heavy at most once, was: 'stress,big'$/,
    },
    {
      name: "a rate scale of zero",
      flags: { rateScales: "1,0" },
      says: /--rate-scales must be a number from 0.0001 to 1000000, was: '0'$/,
    },
    {
      name: "a rate scale that is too much",
      flags: { rateScales: "100000" },
      says: /is more than 20000000 requests/,
    },
    {
      name: "no seeds",
      flags: { seeds: "0" },
      says: /--seeds must be a count, or a range such as 11-15, of at most 1000 seeds, was: '0'$/,
    },
    { name: "seeds backwards", flags: { seeds: "9-3" }, says: /--seeds must be a count/ },
    { name: "no workers", flags: { workers: "0" }, says: /--workers must be a whole number from 1 to 256, was: '0'$/ },
    { name: "a guard half on", flags: { guard: "half" }, says: /--guard must be one of on, off, was: 'half'$/ },
  ] as const;
  const world: World = {
    home: "/nowhere",
    dist: resolve("dist"),
    env: {},
    columns: () => 80,
    threadScript: resolve("dist/services/cli/rollout-thread.cjs"),
    workerScript: resolve("dist/services/cli/evaluation-worker.cjs"),
    reportAssets: resolve("dist/services/cli/report"),
    modelsFolder: resolve("dist/functions/policy-inference/models"),
    say: () => {},
    answer: () => assert.fail("there is no answer"),
    progress: { isTty: false, columns: 80, write: () => {} },
    signal: new AbortController().signal,
    command: "replicant evaluate",
  };

  for (const { name, flags, says } of bad) {
    test(name, async (t) => {
      const out = join(await temporaryFolder(t), "out");
      const given = Object.entries({ ...good, ...flags, out }).filter(([, value]) => value !== undefined);
      const refusal = (thrown: unknown) => thrown instanceof BadInputError && says.test(thrown.message);
      await assert.rejects(evaluate(Object.fromEntries(given), world), refusal);
      assert.equal(existsSync(out), false);
    });
  }

  test("a trace of zeros only", async (t) => {
    const folder = await temporaryFolder(t);
    const zeros = join(folder, "zeros.json");
    await writeFile(zeros, "[0,0,0]");
    const { code, stderr } = await runCommand(t, ["simulate", "--trace", zeros, "--policy", "hpa"]);
    assert.equal(code, 2);
    assert.equal(stderr, `replicant: ${zeros}: the trace holds no request at all\n`);
  });

  test("which is all that is said, with exit code 2", async (t) => {
    const { code, stderr, stdout } = await runCommand(t, [
      "evaluate",
      "--policies",
      "hpb",
      "--traces",
      good.traces,
      "--json",
    ]);
    assert.equal(code, 2);
    assert.match(stderr, /^replicant: unknown policy 'hpb'[^\n]*\n$/);
    assert.equal(stdout, "");
  });

  test("a folder that holds something else is left alone", async (t) => {
    const folder = await temporaryFolder(t);
    const place = join(folder, "mine");
    await mkdir(place);
    await writeFile(join(place, "thesis.tex"), "years of work");
    const { code, stderr } = await runCommand(t, [
      "evaluate",
      "--policies",
      "hpa",
      "--traces",
      good.traces,
      "--out",
      place,
    ]);
    assert.equal(code, 2);
    assert.match(stderr, /holds 'thesis.tex', which is no earlier result, so it is left alone/);
    assert.deepEqual(await readdir(place), ["thesis.tex"]);
  });
});
