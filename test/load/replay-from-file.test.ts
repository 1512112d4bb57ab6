/** From a file to a result in one step; bad input leaves nothing behind. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { BadInputError } from "#shared/core/errors.ts";
import type { RequestRecord } from "#shared/load/records.ts";
import { functionNameOf, replayFromFile } from "#shared/load/replay-from-file.ts";
import { startTarget } from "#test/support/load-target.ts";

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "replicant-replay-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

test("a file is planned, written down, replayed, and each request has a line", async (t) => {
  const folder = await folderFor(t);
  const target = await startTarget((response) => response.end("ok"));
  t.after(() => target.close());
  await writeFile(join(folder, "t.json"), "[4, 0, 9, 50]");
  const planned: string[] = [];
  const result = await replayFromFile({
    trace: join(folder, "t.json"),
    url: target.url,
    runId: "r7",
    seed: "s",
    durationSeconds: 90,
    timeLapse: 200,
    meanCpuSeconds: 2,
    sloSeconds: 3_600,
    schedulePath: join(folder, "plan"),
    recordsPath: join(folder, "records.ndjson"),
    onPlanned: (plan) => planned.push(plan.scheduleDigest),
  });
  assert.equal(result.totals.ok, 13);
  assert.equal(result.functionName, "stress");
  assert.equal(result.sloViolationShare, 0);
  assert.deepEqual(target.bodies, new Array<string>(13).fill('{"cpuMs":10}'));
  assert.deepEqual(planned, [result.scheduleDigest]);
  const plan = await readFile(join(folder, "plan"));
  assert.equal(createHash("sha256").update(plan).digest("hex"), result.scheduleDigest);

  const lines = (await readFile(join(folder, "records.ndjson"), "utf8")).trimEnd().split("\n");
  const records = lines.map((line) => JSON.parse(line) as RequestRecord);
  assert.deepEqual(
    records.map(({ seq }) => seq).sort((a, b) => a - b),
    [...Array(13).keys()],
  );
  assert.ok(records.every((record) => record.runId === "r7" && record.outcome === "ok" && record.bytes === 2));
});

for (const { name, options, want } of [
  { name: "a trace that is not there", options: { trace: "none.json" }, want: /none.json: cannot be read/ },
  { name: "a trace in no format", options: { trace: "traces/README.md" }, want: /README.md, line 1: must begin like/ },
  { name: "a URL that is none", options: { url: "stress" }, want: /the target must be a URL like/ },
  { name: "negative work", options: { meanCpuSeconds: -1 }, want: /the mean CPU time must be at least 0 s, was -1/ },
  { name: "a slice past the end", options: { fromSeconds: 1e6 }, want: /the start must lie in the 86400 s/ },
  { name: "a time-lapse below 1", options: { timeLapse: 0.5 }, want: /the time-lapse must be at least 1, was 0.5/ },
]) {
  test(`bad input leaves nothing behind: ${name}`, async (t) => {
    const folder = await folderFor(t);
    const [schedulePath, recordsPath] = [join(folder, "plan"), join(folder, "records.ndjson")];
    const trace = "traces/seed_request_count_raw_30s.json";
    await assert.rejects(
      replayFromFile({ trace, url: "http://127.0.0.1:9/", runId: "r", schedulePath, recordsPath, ...options }),
      (thrown: unknown) => thrown instanceof BadInputError && want.test(thrown.message),
    );
    await assert.rejects(access(schedulePath));
    await assert.rejects(access(recordsPath));
  });
}

test("a record file that cannot be made is bad input", async (t) => {
  const folder = await folderFor(t);
  const recordsPath = join(folder, "none", "records.ndjson");
  const options = { trace: "traces/seed_request_count_raw_30s.json", url: "http://127.0.0.1:9/", runId: "r" };
  await assert.rejects(replayFromFile({ ...options, recordsPath }), /records.ndjson: cannot be written/);
});

for (const { url, want } of [
  { url: "http://127.0.0.1:8080/function/stress", want: "stress" },
  { url: "http://127.0.0.1:8080/function/stress.openfaas-fn?x=1", want: "stress" },
  { url: "http://127.0.0.1:8080/async-function/stress/path", want: "stress" },
  { url: "http://127.0.0.1:3000/", want: "127.0.0.1:3000" },
]) {
  test(`function behind ${url}`, () => assert.equal(functionNameOf(new URL(url)), want));
}
