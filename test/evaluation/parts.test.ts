/** The small parts behind the evaluation's commands. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import { ManualClock } from "#test/support/manual-clock.ts";
import { traceSeconds } from "#shared/traces/trace.ts";
import { loadTrace, splitReference } from "#shared/traces/load-trace.ts";
import { evaluateRun, scheduleOf } from "#shared/evaluation/run.ts";
import { resolvePolicy } from "#shared/evaluation/policies.ts";
import { neededSpan } from "#shared/evaluation/foresight.ts";
import type { EvaluationRow } from "#shared/evaluation/rows.ts";
import { simProfile } from "#shared/sim/profiles.ts";
import { csvOf } from "#shared/evaluation/results/csv.ts";
import { DEFAULT_MANIFEST, readManifest, splitEntries, SPLITS } from "#shared/evaluation/files/manifest.ts";
import { overlapWarnings } from "#shared/evaluation/files/policies.ts";
import { durationText, progressLine, startProgress } from "#shared/core/progress.ts";
import { checkResultFolder, writeResultFolder } from "#shared/evaluation/results/result-folder.ts";
import { escaped, grouped } from "#shared/evaluation/results/report/html.ts";
import { dataSelection, digestOfFile, sharesData, type TraceIdentity } from "#shared/evaluation/files/traces.ts";
import { temporaryFolder } from "#test/support/command.ts";

describe("the manifest of traces", async () => {
  const manifest = await readManifest(DEFAULT_MANIFEST);

  test("has the digest of every shipped trace, and of nothing else", async () => {
    const isTrace = (name: string) => /\.(json|csv)$/.test(name) && !["manifest.json", "loads.json"].includes(name);
    const shipped = (await readdir("traces")).filter(isTrace);
    assert.deepEqual(Object.keys(manifest.files).sort(), shipped.sort());
    for (const [name, digest] of Object.entries(manifest.files)) {
      assert.equal(await digestOfFile(join("traces", name)), digest, name);
    }
  });

  test("no data is in two splits", async () => {
    const identities = SPLITS.flatMap((split) =>
      splitEntries(DEFAULT_MANIFEST, manifest, split).map(({ trace }): TraceIdentity & { split: string } => {
        const { path, selection } = splitReference(trace);
        return {
          name: trace,
          digest: manifest.files[path.replace("traces/", "")]!,
          selection: dataSelection(selection),
          split,
        };
      }),
    );
    for (const a of identities) {
      assert.ok(a.digest, a.name);
      for (const b of identities) assert.ok(a === b || !sharesData(a, b), `${a.name} and ${b.name}`);
    }
  });

  for (const split of SPLITS) {
    for (const { trace: name, rateScale } of splitEntries(DEFAULT_MANIFEST, manifest, split)) {
      test(`${split}: ${name} × ${rateScale} loads and needs one to fourteen or so replicas`, async () => {
        const trace = await loadTrace(name);
        const profile = simProfile("stress");
        // A month of NASA is more than a test needs to plan.
        const isLong = traceSeconds(trace) > 5 * 86_400 && trace.kind === "binned";
        const part = isLong ? { ...trace, counts: trace.counts.slice(0, 2880) } : trace;
        const { mean, peak } = neededSpan(scheduleOf({ trace: part, profile, rateScale }, 1), profile);
        assert.ok(mean >= 1 && mean <= 8 && peak >= 4 && peak <= 24, `mean ${mean}, peak ${peak}`);
      });
    }
  }

  for (const { name, text, says } of [
    { name: "no JSON", text: "{", says: /m\.json: is no JSON/ },
    { name: "no files", text: "{}", says: /m\.json: files must map names to digests$/ },
    { name: "a digest that is none", text: '{"files":{"a":"x"}}', says: /m\.json: files\.a must be a SHA-256 in hex$/ },
    { name: "no splits", text: '{"files":{}}', says: /m\.json: splits\.train must be a list$/ },
    {
      name: "an entry without a scale",
      text: '{"files":{},"splits":{"train":[{"trace":"a"}]}}',
      says: /splits\.train: 'a' needs a rateScale above 0$/,
    },
  ]) {
    test(`refuses one with ${name}`, async (t) => {
      const file = join(await temporaryFolder(t), "m.json");
      await writeFile(file, text);
      await assert.rejects(readManifest(file), { name: "BadInputError", message: says });
    });
  }
});

describe("every known format can be simulated", () => {
  for (const { reference, rateScale } of [
    { reference: "traces/drescale_invokation_data_30s.json#boosted", rateScale: 2 },
    { reference: "traces/azure2019_d01_http_per_minute.csv#row=40", rateScale: 20 },
    { reference: "traces/azure2019_servibench_patterns_per_minute.csv#spikes_20rps", rateScale: 0.1 },
    { reference: "traces/azure2019_faasrail_mix_15rps_5min.csv", rateScale: 0.2 },
    { reference: "traces/azure2021_first199_invocations.csv", rateScale: 7.5 },
    { reference: "traces/azure_llm2023_conv_requests.csv", rateScale: 0.3 },
  ]) {
    test(`${reference} × ${rateScale}`, async () => {
      const profile = simProfile("stress");
      const schedule = scheduleOf({ trace: await loadTrace(reference), profile, rateScale }, 1);
      const policy = await resolvePolicy("openfaas-pro");
      const { totals } = evaluateRun({ schedule, profile, policy, seed: 1, guard: "on", detail: "totals" });
      assert.equal(totals.calls, schedule.work.length);
      assert.equal(totals.ok + totals.failed, totals.calls);
    });
  }
});

describe("a policy that meets its training data", () => {
  const at = (digest: string, selection: string | null): TraceIdentity => ({
    name: `${digest}#${selection}`,
    digest,
    selection,
  });
  for (const { name, seen, met, want } of [
    { name: "the same file", seen: at("a", null), met: at("a", null), want: true },
    { name: "a part of a file it saw whole", seen: at("a", null), met: at("a", "row=1"), want: true },
    { name: "a whole file of which it saw a part", seen: at("a", "row=1"), met: at("a", null), want: true },
    { name: "another part", seen: at("a", "row=1"), met: at("a", "row=2"), want: false },
    { name: "another file", seen: at("a", null), met: at("b", null), want: false },
  ]) {
    test(`${name}: ${want ? "a warning" : "none"}`, () => {
      const warnings = overlapWarnings([{ name: "p", file: "f", learnedFrom: [seen] }], [met]);
      assert.equal(warnings.length, want ? 1 : 0);
      assert.deepEqual(overlapWarnings([{ name: "p", file: null, learnedFrom: null }], [met]), []);
    });
  }

  test("what is boosted is the same data", () => {
    assert.equal(dataSelection("boosted"), null);
    assert.equal(dataSelection("row=7+boosted"), "row=7");
  });
});

describe("the result folder", () => {
  const files = { "results.json": "new" };
  test("appears whole, replaces an earlier result and an empty folder", async (t) => {
    const folder = join(await temporaryFolder(t), "deep", "out");
    await writeResultFolder(folder, files);
    await writeResultFolder(folder, { "results.json": "newer", "report.html": "r" });
    assert.equal(await readFile(join(folder, "results.json"), "utf8"), "newer");
    const empty = join(folder, "..", "empty");
    await mkdir(empty);
    await writeResultFolder(empty, files);
    assert.deepEqual((await readdir(join(folder, ".."))).sort(), ["empty", "out"]);
  });

  test("stays as it was when something else is in it, or when writing fails", async (t) => {
    const parent = await temporaryFolder(t);
    const folder = join(parent, "out");
    await writeResultFolder(folder, files);
    await assert.rejects(writeResultFolder(folder, { "results.json": "newer", "no/such/place": "x" }), {
      code: "ENOENT",
    });
    assert.equal(await readFile(join(folder, "results.json"), "utf8"), "new");
    await writeFile(join(folder, "notes.txt"), "mine");
    await assert.rejects(writeResultFolder(folder, files), {
      message: /holds 'notes.txt', which is no earlier result/,
    });
    assert.deepEqual((await readdir(folder)).sort(), ["notes.txt", "results.json"]);
    assert.deepEqual(await readdir(parent), ["out"]);
    await assert.rejects(checkResultFolder(join(folder, "notes.txt")), { message: /is not a folder$/ });
  });
});

describe("progress", () => {
  test("a line: share, runs, time left", () => {
    const state = { what: "evaluating", share: 0.25, counts: "1/4 runs", elapsedSeconds: 30 };
    assert.equal(progressLine(state), "evaluating ███████░░░░░░░░░░░░░░░░░░░░░  25 %  1/4 runs, 1 min 30 s left");
    assert.match(progressLine({ ...state, share: 0 }), /0 % {2}1\/4 runs, – left$/);
  });

  for (const [seconds, want] of [
    [0.4, "0 s"],
    [59.6, "1 min 00 s"],
    [3600, "1 h 00 min"],
    [7380, "2 h 03 min"],
  ] as const) {
    test(`${seconds} s is ${want}`, () => assert.equal(durationText(seconds), want));
  }

  test("weighs jobs by their size, and speaks seldom where there is no terminal", async () => {
    const clock = new ManualClock();
    const written: string[] = [];
    const output = { isTty: false, columns: 80, write: (text: string) => void written.push(text) };
    const progress = startProgress("x", [30, 10], clock, output);
    progress.update(1, 0.5);
    assert.deepEqual(written, []);
    await clock.advance(10_000);
    progress.update(1, 1);
    progress.end();
    assert.equal(written.length, 1);
    assert.match(written[0]!, /25 % {2}1\/2 runs, 30 s left\n$/);
  });
});

test("a CSV cell with a comma or a quote is quoted, what is not known is empty", () => {
  const one = { mean: 1, lo: 0.5, hi: 2 };
  const row = {
    policy: 'a,"b"',
    trace: "t",
    sloViolationShare: one,
    budget: 0.05,
    isKept: false,
    cost: one,
    regret: null,
    replicaSeconds: one,
    oracleMultiple: null,
    p50Seconds: null,
  };
  const [head, line, rest] = csvOf({ env: "sim", rows: [row as EvaluationRow] }).split("\r\n");
  assert.match(
    head!,
    /^env,policy,trace,profile,rate_scale,seeds,calls,slo_violation_share,slo_violation_share_lo,slo_violation_share_hi,/,
  );
  assert.match(line!, /^sim,"a,""b""",t,/);
  assert.match(line!, /,1,0\.5,2,0\.05,false,1,0\.5,2,,,,1,0\.5,2,,,,,/);
  assert.equal(rest, "");
});

test("text in the report cannot become markup; thousands stand apart", () => {
  assert.equal(escaped(`<a href="x">&'`), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
  assert.equal(grouped(1234567.4), "1\u202f234\u202f567");
  assert.equal(grouped(999), "999");
});
