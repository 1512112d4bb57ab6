import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

import type { Run } from "#shared/evaluation/run.ts";
import { runCommand, smallTrace, temporaryFolder } from "#test/support/command.ts";

interface Simulated {
  readonly policy: string;
  readonly guard: string;
  readonly trace: { readonly digest: string; readonly invocations: number };
  readonly totals: Run["totals"];
  readonly windows: NonNullable<Run["windows"]>;
  readonly oracleMultiple: number | null;
}

test("simulate: a document with every window; the same again for the same seed", async (t) => {
  const trace = await smallTrace(await temporaryFolder(t));
  const words = ["simulate", "--trace", trace, "--policy", "openfaas-pro", "--rate-scale", "2", "--json"];
  const [one, again, other] = await Promise.all(
    [[], [], ["--seed", "2"]].map((more) => runCommand(t, [...words, ...more])),
  );
  assert.equal(one!.code, 0, one!.stderr);
  assert.equal(again!.stdout, one!.stdout);
  assert.notEqual(other!.stdout, one!.stdout);
  const { policy, guard, totals, windows, oracleMultiple, trace: summary } = JSON.parse(one!.stdout) as Simulated;
  assert.deepEqual({ policy, guard }, { policy: "openfaas-pro", guard: "on" });
  assert.equal(windows.length, 37);
  assert.equal(totals.calls, 2 * summary.invocations);
  assert.ok(oracleMultiple! > 0.5);
  assert.match(windows[1]!.reason!, /in-flight|not measured|no proposal/);
});

test("simulate: a person gets a few lines", async (t) => {
  const words = ["--trace", "traces/drescale_invokation_data_30s.json", "--policy", "kpa", "--profile", "heavy"];
  const { code, stdout } = await runCommand(t, ["simulate", ...words]);
  assert.equal(code, 0);
  assert.match(stdout, /^kpa on traces\/drescale_invokation_data_30s.json × 1, profile heavy, seed 1, guard off$/m);
  assert.match(stdout, /^calls +2350: \d+ ok, \d+ failed/m);
  assert.match(stdout, /^replicas +\d+ replica-seconds, \d+\.\d\d × the oracle's; \d+\.\d\d on average$/m);
});

test("simulate: a reader that has read enough is no error", async (t) => {
  const words = ["--trace", await smallTrace(await temporaryFolder(t)), "--policy", "openfaas-pro", "--json"];
  const child = spawn(process.execPath, ["dist/services/cli/main.cjs", "simulate", ...words]);
  child.stdout.destroy();
  let stderr = "";
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const [code] = (await once(child, "close")) as [number];
  assert.deepEqual({ code, stderr: stderr.replaceAll(/^.*\r/gm, "") }, { code: 0, stderr: "" });
});

for (const { name, words, says } of [
  { name: "no trace and no policy", words: [], says: /^replicant: --trace is missing: [^]*--policy is missing/ },
  {
    name: "two policies",
    words: ["--trace", "t.json", "--policy", "hpa,kpa"],
    says: /--policy takes one policy, and 'kpa' is a second one/,
  },
]) {
  test(`simulate: refuses ${name}`, async (t) => {
    const { code, stderr, stdout } = await runCommand(t, ["simulate", ...words]);
    assert.equal(code, 2);
    assert.match(stderr, says);
    assert.equal(stdout, "");
  });
}
