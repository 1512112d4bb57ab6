import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import type { TunedPolicy } from "#shared/evaluation/files/tuned-policy.ts";
import { runCommand, smallTrace, temporaryFolder } from "#test/support/command.ts";

test("tune: finds a cheaper policy that keeps the limit, says how, and evaluate takes it with a warning on its own data", async (t) => {
  const folder = await temporaryFolder(t);
  const trace = await smallTrace(folder);
  const out = join(folder, "tuned.json");
  const words = ["--policy", "fixed", "--traces", trace, "--budget", "12", "--max-violations", "10", "--seeds", "1"];
  const tuned = await runCommand(t, ["tune", ...words, "--out", out, "--json"]);
  assert.equal(tuned.code, 0, tuned.stderr);
  const found = JSON.parse(await readFile(out, "utf8")) as TunedPolicy;
  assert.deepEqual(JSON.parse(tuned.stdout), found);
  assert.match(found.policy, /^fixed:\d+$/);
  assert.equal(found.score.isFeasible, true);
  assert.ok(found.candidates.length <= 12);
  // Nothing that was tried is feasible and cheaper.
  for (const { score } of found.candidates) {
    assert.ok(!score.isFeasible || score.oracleMultiple >= found.score.oracleMultiple);
  }
  assert.equal(found.traces[0]!.name, trace);

  const again = await runCommand(t, ["tune", ...words, "--workers", "1", "--json"]);
  const { command: _one, ...first } = found;
  const { command: _two, ...second } = JSON.parse(again.stdout) as TunedPolicy;
  assert.deepEqual(second, first);

  const evaluated = ["evaluate", "--policies", `@${out}`, "--rate-scales", "1", "--seeds", "1"];
  const own = await runCommand(t, [...evaluated, "--traces", trace]);
  assert.equal(own.code, 0, own.stderr);
  assert.match(
    own.stdout,
    new RegExp(`^warning: policy '${found.policy}' was tuned or trained on data it is evaluated on \\(`, "m"),
  );
  const other = await runCommand(t, [...evaluated, "--traces", "traces/azure2021_first199_invocations.csv"]);
  assert.doesNotMatch(other.stdout, /warning/);
  assert.match(other.stdout, new RegExp(`^● ${found.policy} `, "m"));
});

test("tune: refuses what cannot be tuned, and to write over what it did not write", async (t) => {
  const folder = await temporaryFolder(t);
  const trace = await smallTrace(folder);
  const other = await runCommand(t, ["tune", "--policy", "hybrid-histogram", "--traces", trace]);
  assert.equal(other.code, 2);
  assert.match(other.stderr, /^replicant: tune: the policy must be one of fixed, hpa, .*, was: 'hybrid-histogram'$/m);
  const mine = join(folder, "mine.json");
  await writeFile(mine, "{}");
  const kept = await runCommand(t, ["tune", "--policy", "fixed", "--traces", trace, "--budget", "1", "--out", mine]);
  assert.equal(kept.code, 2);
  assert.match(kept.stderr, /mine\.json: is no earlier result of tune, so it is left alone$/m);
  assert.equal(await readFile(mine, "utf8"), "{}");
  assert.deepEqual((await readdir(folder)).sort(), ["mine.json", "small.json"]);
});
