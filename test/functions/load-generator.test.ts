/** The load generator: signed calls start and stop replays, one at a time; anyone may look; all of it is reported on the bus. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { answerLoadGenerator } from "#functions/load-generator/answer.ts";
import { ReplayRuns, type RunStatus } from "#functions/load-generator/replay-runs.ts";
import { shippedTraces } from "#functions/load-generator/shipped-traces.ts";
import { memoryBus } from "#test/support/memory-bus.ts";
import type { LoadReport } from "#shared/core/load.ts";
import { planSchedule } from "#shared/traces/schedule.ts";
import { silentLog } from "#test/support/silent-log.ts";
import { CallVerifier } from "#shared/host/call-verifier.ts";
import { signCall } from "#shared/host/signature.ts";
import type { FunctionEvent } from "#shared/host/handler.ts";
import { parseTrace } from "#shared/traces/formats/parse-trace.ts";
import { scheduleDigest } from "#shared/load/schedule-file.ts";
import { startTarget, type Target } from "#test/support/load-target.ts";
import { eventually } from "#test/support/eventually.ts";

const KEY = "a key for tests";

async function generatorFor(t: TestContext, answer: Parameters<typeof startTarget>[0] = (response) => response.end()) {
  const target: Target = await startTarget(answer);
  const bus = memoryBus();
  const reports: LoadReport[] = [];
  await bus.subscribe("load", async ({ data }) => void reports.push(data));
  const runs = new ReplayRuns({
    bus,
    gatewayUrl: new URL(target.url).origin,
    epochMs: null,
    nowMs: Date.now,
    log: silentLog,
  });
  t.after(async () => {
    await runs.close();
    await bus.close();
    await target.close();
  });
  const verifier = new CallVerifier({ keys: () => [KEY], monotonicMs: () => performance.now(), log: () => {} });
  const deps = {
    runs,
    traces: shippedTraces("traces"),
    defaults: { timeLapse: 10, maxInFlight: 500 },
    mayChange: ({ headers, body, method, path, query }: FunctionEvent) => {
      const call = { headers, body: body as string, method, path, query };
      return verifier.judge({ ...call, functionName: "load-generator", nowMs: Date.now() }).once;
    },
    nowMs: Date.now,
  };
  const call = async (method: string, body: object | string, { signed = true, query = {} } = {}) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const headers = signed ? signCall(KEY, "load-generator", text, Date.now(), { method, query }) : {};
    const { status, body: answered } = await answerLoadGenerator(
      { method, body: text, headers, query, path: "/" },
      deps,
    );
    return { status, body: answered as Record<string, unknown> };
  };
  return { call, runs, target, reports };
}

test("a signed replay is accepted, sent through the gateway, reported on the bus and kept as a result", async (t) => {
  const { call, target, reports } = await generatorFor(t);
  const asked = {
    trace: [3, 0, 5],
    seed: 4,
    windowSeconds: 30,
    timeLapse: 100,
    sloSeconds: 90,
    work: { meanCpuSeconds: 0.5, cv: 0 },
  };
  const accepted = await call("POST", asked);
  assert.equal(accepted.status, 202, JSON.stringify(accepted.body));
  const plan = planSchedule(parseTrace("trace", "[3,0,5]", null), { seed: 4 });
  assert.equal(accepted.body["scheduleDigest"], scheduleDigest(plan));
  assert.equal(accepted.body["scheduled"], 8);
  const runId = accepted.body["runId"] as string;

  const status = async () =>
    (await call("GET", "", { signed: false, query: { run: runId } })).body as unknown as RunStatus;
  await eventually(async () => (await status()).state === "finished", { timeoutMs: 10_000, what: "the run to finish" });
  const { totals, result } = await status();
  assert.deepEqual(totals, {
    scheduled: 8,
    sent: 8,
    ok: 8,
    failed: 0,
    shed: 0,
    unfinished: 0,
    failedByClass: {},
    late: { fromIntended: 0, fromSent: 0 },
  });
  assert.equal(result?.sloViolationShare, 0);
  assert.deepEqual(target.bodies, new Array<string>(8).fill('{"cpuMs":5}'));

  await eventually(() => reports.at(-1)?.phase === "finished", { timeoutMs: 5_000, what: "the report of the end" });
  assert.deepEqual(
    reports.map(({ phase, window }) => [phase, window?.scheduled ?? null]),
    [
      ["started", null],
      ["window", 3],
      ["window", 0],
      ["window", 5],
      ["finished", null],
    ],
  );
  assert.ok(reports.every((report) => report.runId === runId && report.functionName === "stress"));
  assert.deepEqual(reports.at(-1)!.totals, totals);
});

test("without a good signature nothing changes, but anyone may look", async (t) => {
  const { call, target, runs } = await generatorFor(t);
  for (const [method, body] of [
    ["POST", { trace: [5] }],
    ["POST", { stop: "x" }],
    ["DELETE", { stop: "x" }],
  ] as const) {
    const refused = await call(method, body, { signed: false });
    assert.equal(refused.status, 401);
    assert.equal(refused.body["error"], "the call is not signed");
  }
  assert.deepEqual(runs.list(), []);
  const looked = await call("GET", "", { signed: false });
  assert.equal(looked.status, 200);
  assert.ok((looked.body["traces"] as string[]).includes("seed_request_count_raw_30s.json"));
  assert.deepEqual(target.bodies, []);
});

test("one run at a time: another is refused until the first is stopped, and the stop is reported", async (t) => {
  const { call, reports } = await generatorFor(t);
  const asked = { trace: "seed_request_count_raw_30s.json#boosted", rateScale: 20, timeLapse: 1 };
  const first = await call("POST", asked);
  assert.equal(first.status, 202, JSON.stringify(first.body));
  const second = await call("POST", { ...asked, seed: 2 });
  assert.equal(second.status, 409);
  assert.equal(second.body["runId"], first.body["runId"]);

  const stopped = await call("POST", { stop: first.body["runId"] });
  assert.equal(stopped.status, 200);
  const { state, result } = stopped.body as unknown as RunStatus;
  assert.equal(state, "finished");
  assert.equal(result?.stopped, true);
  assert.match(result.invalidBecause!, /^it was stopped after \d+ of 86400 s$/);
  await eventually(() => reports.at(-1)?.valid === false, { timeoutMs: 5_000, what: "the report of the stop" });

  const third = await call("POST", { ...asked, seed: 3, startAtMs: Date.now() + 60_000 });
  assert.equal(third.status, 202);
  const early = await call("DELETE", { stop: third.body["runId"] });
  assert.equal(early.status, 200);
  assert.equal((early.body as unknown as RunStatus).totals.sent, 0, "it would have begun in a minute");
  assert.equal(((await call("GET", "")).body["runs"] as unknown[]).length, 2);
});

test("a run goes to the named function of the configured gateway only", async (t) => {
  const paths: string[] = [];
  const { call, runs } = await generatorFor(t, (response, _, request) => {
    paths.push(request.url!);
    response.end();
  });
  const accepted = await call("POST", { trace: [1], timeLapse: 1_000, functionName: "other.openfaas-fn" });
  assert.equal(accepted.status, 202);
  await eventually(() => runs.list()[0]?.state === "finished", { timeoutMs: 10_000, what: "the run to finish" });
  assert.deepEqual(paths, ["/function/other.openfaas-fn"]);
});

test("a bus that is down loses reports, not the run", async (t) => {
  const target = await startTarget((response) => response.end());
  t.after(() => target.close());
  const bus = { publish: () => Promise.reject(new Error("no bus")) };
  const runs = new ReplayRuns({
    bus,
    gatewayUrl: new URL(target.url).origin,
    epochMs: null,
    nowMs: Date.now,
    log: silentLog,
  });
  t.after(() => runs.close());
  const request = {
    functionName: "stress",
    seed: 1,
    gapRule: "uniform",
    rateScale: 1,
    fromSeconds: 0,
    durationSeconds: null,
    windowSeconds: 30,
    warmUpSeconds: 0,
    timeLapse: 1_000,
    meanCpuSeconds: 0,
    workCv: 0,
    sloSeconds: null,
    maxInFlight: 9,
    startAtMs: null,
  } as const;
  const trace = parseTrace("t", "[4]", null);
  runs.start({ ...request, trace: { kind: "shipped", name: "t" } }, trace);
  await eventually(() => runs.list()[0]?.state === "finished", { timeoutMs: 10_000, what: "the run to finish" });
  assert.equal(runs.list()[0]!.totals.ok, 4);
});

for (const { name, method = "POST", body, status = 400, want } of [
  { name: "no JSON", body: "{", want: "the body is not JSON" },
  { name: "a list", body: "[1]", want: "the body must be a JSON object, was 'a list of 1'" },
  { name: "no trace", body: {}, want: "exactly one of trace" },
  { name: "two traces", body: { trace: [1], traceText: "[1]" }, want: "exactly one of trace" },
  {
    name: "another host",
    body: { trace: [1], targetUrl: "http://example.com/" },
    want: "'targetUrl' is not known; known are trace",
  },
  {
    name: "a path as function",
    body: { trace: [1], functionName: "../system/functions" },
    want: "functionName must be the name of a function",
  },
  {
    name: "a path as trace",
    body: { trace: "../package.json" },
    want: "trace must be one of azure2019_d01_http_per_minute.csv",
  },
  {
    name: "a trace that is none",
    body: { trace: "azure2019_quantile_tables.csv" },
    want: "line 1: must begin like one of the formats",
  },
  {
    name: "negative counts",
    body: { trace: [1, -2], traceName: "mine" },
    want: "mine, line 1: count 2 must be a whole number of at least 0, was '-2'",
  },
  {
    name: "broken text",
    body: { traceText: "app,func,end_timestamp,duration\na,b,c" },
    want: "trace, line 2: a row must have 4 columns, was 3",
  },
  {
    name: "scale 0",
    body: { trace: [1], rateScale: 0 },
    want: "rateScale must be a number from 0.000001 to 1000000, was '0'",
  },
  { name: "scale as text", body: { trace: [1], rateScale: "2" }, want: "rateScale must be a number" },
  {
    name: "unknown gap rule",
    body: { trace: [1], gapRule: "even" },
    want: "gapRule must be one of uniform, poisson, equidistant, hyper-exponential, was 'even'",
  },
  {
    name: "more in flight than allowed",
    body: { trace: [1], maxInFlight: 501 },
    want: "maxInFlight must be a number from 1 to 500, was '501'",
  },
  { name: "work that is no object", body: { trace: [1], work: 3 }, want: "work must be a JSON object, was '3'" },
  {
    name: "too much work",
    body: { trace: [1], work: { meanCpuSeconds: 61 } },
    want: "work.meanCpuSeconds must be a number from 0 to 60, was '61'",
  },
  {
    name: "start tomorrow",
    body: { trace: [1], startAtMs: Date.now() + 86_400_000 },
    want: "startAtMs must be a number from 0 to",
  },
  {
    name: "start past the trace",
    body: { trace: [1], fromSeconds: 30 },
    want: "the start must lie in the 30 s of trace 'trace', was 30 s",
  },
  {
    name: "too many requests",
    body: { trace: [1_000_001] },
    want: "a run may have at most 1000000 requests, was 1000001",
  },
  { name: "stop of an unknown run", body: { stop: "zzz" }, status: 404, want: 'there is no run "zzz"' },
  { name: "stop of no id", body: { stop: 1 }, want: "stop must be the id of a run" },
  { name: "DELETE without an id", method: "DELETE", body: {}, want: "the body must be like" },
  { name: "another method", method: "PUT", body: {}, status: 405, want: "the method must be GET, POST or DELETE" },
]) {
  test(`refused: ${name}`, async (t) => {
    const { call, runs, target } = await generatorFor(t);
    const answered = await call(method, body);
    assert.equal(answered.status, status);
    assert.ok((answered.body["error"] as string).includes(want), answered.body["error"] as string);
    assert.deepEqual(runs.list(), []);
    assert.deepEqual(target.bodies, []);
  });
}

test("looking for a run that is not there is 404", async (t) => {
  const { call } = await generatorFor(t);
  assert.equal((await call("GET", "", { query: { run: "zzz" } })).status, 404);
});

test("a run that a process before this one began is lost: its callers and the bus are informed, once", async (t) => {
  const { call, runs, reports } = await generatorFor(t);
  const runId = `0123456789ab-${Date.now() - 60_000}`;
  const because = `run '${runId}' was lost: the load generator was started anew after it had begun`;
  for (const answered of [await call("GET", "", { query: { run: runId } }), await call("POST", { stop: runId })]) {
    assert.deepEqual(answered, { status: 410, body: { error: because } });
  }
  assert.equal((await call("GET", "", { query: { run: `0123456789ab-${Date.now() + 60_000}` } })).status, 404);
  const totals = { scheduled: 9, sent: 4, ok: 4, failed: 0, shed: 0, unfinished: 0, failedByClass: {}, late: null };
  const open = { window: null, valid: null, invalidBecause: null, sloViolationShare: null };
  const last = { runId, functionName: "stress", phase: "window", scheduleDigest: "d", totals, ...open } as const;
  await runs.announceLost(last);
  await runs.announceLost({ ...last, phase: "finished", valid: true });
  await runs.announceLost(null);
  await eventually(() => reports.length === 1);
  assert.deepEqual(reports, [{ ...last, phase: "finished", valid: false, invalidBecause: because }]);
});

test("shipped traces are the files of their folder, and only those", async (t) => {
  const home = await mkdtemp(join(tmpdir(), "replicant-shipped-"));
  t.after(() => rm(home, { recursive: true }));
  await mkdir(join(home, "traces"));
  await writeFile(join(home, "secret.json"), "[1]");
  await writeFile(join(home, "traces", "a.json"), "[1, 2]");
  await writeFile(join(home, "traces", "README.md"), "about");
  await writeFile(join(home, "traces", "loads.json"), "{}");
  const traces = shippedTraces(join(home, "traces"));
  assert.deepEqual(await traces.names(), ["a.json"]);
  assert.equal((await traces.load("a.json#boosted")).name, "a.json#boosted");
  await assert.rejects(traces.load("../secret.json"), /trace must be one of a.json, was '\.\.\/secret.json'/);
  assert.deepEqual(await shippedTraces(join(home, "none")).names(), []);
});
