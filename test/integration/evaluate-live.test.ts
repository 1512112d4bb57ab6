/** `evaluate --env live` on a platform that runs: what it measures, and that the function is afterwards what it was. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";

import { commandLine } from "#test/support/command-line.ts";
import { eventually } from "#test/support/eventually.ts";
import { startLiveCommand, type LiveCommand } from "#test/support/live-command.ts";
import type { TestStack } from "#test/support/local-stack.ts";
import type { EvaluationResult } from "#shared/evaluation/results/result.ts";

/** Windows of three quarters of a second. */
const TIME_LAPSE = 40;
const WINDOWS = 6;

describe("replicant evaluate --env live", () => {
  let world: TestStack;
  let folder: string;
  let trace: string;
  let command: LiveCommand;
  before(async () => {
    command = await startLiveCommand(TIME_LAPSE, 10);
    ({ world, folder, trace } = command);
  });
  after(() => command.close());

  const line = (t: TestContext) => command.line(t);
  const live = ["evaluate", "--env", "live", "--settle-windows", "2"];
  const policyNow = () => command.policyNow();

  test("the same calls for every policy; rows, decisions and files as simulated ones", async (t) => {
    const out = join(folder, "results");
    const policies = "fixed:2,lstm-ppo-plus@product";
    const words = ["--policies", policies, "--traces", trace, "--windows", String(WINDOWS), "--out", out];
    const { code, stderr, stdout } = await line(t).run(...live, ...words);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /2 replays on 'stress', time-lapse 40, about \d+ min/);
    assert.match(stdout, /trace\.json × 1, profile stress \(SLO 95 % within 3 s\): 60 calls/);
    assert.match(stdout, /fixed:2 on .*: \d+ windows decided by its proposals, \d+ by the fallback rule/);
    assert.deepEqual(readdirSync(out).sort(), ["results.csv", "results.json"]);
    const result = JSON.parse(readFileSync(join(out, "results.json"), "utf8")) as EvaluationResult;
    assert.equal(result.env, "live");
    const [fixed, learned] = result.rows;
    assert.deepEqual([fixed!.policy, learned!.policy, fixed!.calls], ["fixed:2", "lstm-ppo-plus@product", 60]);
    // Two replicas from before the load on, for six windows of 30 s; ticks of 2 s bound what is counted.
    const { mean } = fixed!.replicaSeconds;
    assert.ok(mean > 300 && mean <= 360 + 4, `${mean} replica-seconds`);
    assert.equal(fixed!.churn, 0);
    assert.equal(fixed!.oracleMultiple, null);
    for (const { decisions, p50Seconds, p99Seconds, policy } of result.rows) {
      assert.ok(decisions!.proposal >= 1, `${policy}: ${JSON.stringify(decisions)}`);
      assert.ok(p50Seconds! > 0 && p99Seconds! >= p50Seconds!, policy);
    }
    const runs = result.runs as readonly (EvaluationResult["runs"][number] & {
      scheduleDigest: string;
      windows: readonly { arrivals: number | null; policy: string | null }[];
    })[];
    assert.equal(new Set(runs.map(({ scheduleDigest }) => scheduleDigest)).size, 1);
    for (const { windows } of runs) assert.ok(windows.length >= WINDOWS - 1, `${windows.length} windows`);
    assert.ok(runs[1]!.windows.some(({ policy }) => policy === "lstm-ppo-plus@product"));
    const [head, row] = readFileSync(join(out, "results.csv"), "utf8").split("\r\n");
    assert.match(head!, /^env,policy,/);
    assert.match(row!, /^live,fixed:2,/);
    assert.equal(await policyNow(), "forecast-mpc auto");
  });

  test("Ctrl-C: the load stops, the policy comes back, nothing is written", async (t) => {
    const out = join(folder, "interrupted");
    const words = ["--policies", "fixed:3", "--traces", trace, "--windows", "150", "--out", out];
    const started = await line(t).start(...live, ...words);
    await eventually(async () => (await policyNow()) === "fixed:3 auto", { timeoutMs: 30_000, what: "another policy" });
    const isLoaded = () => world.heard.loads.some(({ totals, phase }) => phase === "window" && totals.scheduled > 500);
    await eventually(isLoaded, { timeoutMs: 30_000, what: "its load" });
    assert.equal(await started.stop(), 130);
    assert.match(started.said(), /interrupted; nothing was written/);
    assert.equal(await policyNow(), "forecast-mpc auto");
    assert.equal(world.heard.loads.at(-1)!.phase, "finished");
    assert.ok(!readdirSync(folder).includes("interrupted"));
  });

  for (const [what, words, sentence] of [
    [
      "the guard's way around",
      ["--policies", "hpa@bare"],
      /'hpa@bare' cannot run live: the live loop has no way around/,
    ],
    ["foresight", ["--policies", "oracle"], /'oracle' cannot run live: the arrivals are not known beforehand/],
    [
      "drawn actions",
      ["--policies", "lstm-ppo@paper@sampled"],
      /cannot run live: a model in service takes the likeliest/,
    ],
    ["another function", ["--policies", "hpa", "--function", "scaler"], /'scaler' is not managed; managed are: stress/],
    ["no function", ["--policies", "hpa", "--function", "nope"], /'nope' is not deployed; managed are: stress/],
    ["the simulator's flags", ["--policies", "hpa", "--workers", "2"], /--workers belongs to the simulator/],
  ] as const) {
    test(`${what} is refused in a sentence, and nothing is changed`, async (t) => {
      const { code, stderr } = await line(t).run(...live, ...words);
      assert.equal(code, 2, stderr);
      assert.match(stderr, sentence);
      assert.equal(await policyNow(), "forecast-mpc auto");
    });
  }
});

test("without a platform: one sentence", async (t) => {
  const { code, stderr } = await commandLine(t).run("evaluate", "--env", "live", "--policies", "hpa");
  assert.equal(code, 2);
  assert.equal(stderr, "replicant: no platform runs from this home: start one with 'replicant up'\n");
});
