/** The replay engine against real sockets: open loop, nothing lost, and honest about itself. */
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { test, type TestContext } from "node:test";

import { BadInputError } from "#shared/core/errors.ts";
import type { LoadWindow } from "#shared/core/load.ts";
import type { Schedule } from "#shared/traces/schedule.ts";
import type { RequestRecord } from "#shared/load/records.ts";
import { startReplay } from "#shared/load/replay.ts";
import type { ReplayOptions } from "#shared/load/replay-options.ts";
import { stressBody } from "#shared/load/stress-body.ts";
import { unansweredBecause } from "#shared/load/totals.ts";
import { startTarget } from "#test/support/load-target.ts";

/** `count` requests, evenly spaced over `durationSeconds`. */
function even(count: number, durationSeconds: number, windowSeconds = durationSeconds): Schedule {
  const offsetSeconds = new Float64Array(count).map((_, i) => ((i + 0.5) * durationSeconds) / count);
  return { durationSeconds, windowSeconds, offsetSeconds, work: new Float32Array(count).fill(1) };
}

async function targetFor(t: TestContext, answer: Parameters<typeof startTarget>[0]) {
  const target = await startTarget(answer);
  t.after(() => target.close());
  return target;
}

const replay = (options: Partial<ReplayOptions> & Pick<ReplayOptions, "schedule" | "url">) =>
  startReplay({ runId: "r1", functionName: "stress", bodyOf: () => "{}", ...options });

test("every request is sent once with its work, and recorded with what came back", async (t) => {
  const target = await targetFor(t, (response) => {
    response.setHeader("X-Duration-Seconds", "0.25").setHeader("X-Call-Id", "c-1").end("hello");
  });
  const records: RequestRecord[] = [];
  const windows: LoadWindow[] = [];
  const schedule = { ...even(100, 10, 2.5), work: new Float32Array(100).map((_, i) => i) };
  const run = replay({
    schedule,
    url: target.url,
    timeLapse: 20,
    warmUpSeconds: 2.5,
    bodyOf: stressBody({ meanCpuSeconds: 0.04, timeLapse: 20 }),
    onRecord: (record) => records.push(record),
    onWindow: (window) => windows.push(window),
  });
  const result = await run.finished;

  assert.deepEqual(result.totals, {
    scheduled: 100,
    sent: 100,
    ok: 100,
    failed: 0,
    shed: 0,
    unfinished: 0,
    failedByClass: {},
    late: null,
  });
  assert.deepEqual(
    target.bodies.map((body) => (JSON.parse(body) as { cpuMs: number }).cpuMs).sort((a, b) => a - b),
    [...schedule.work].map((w) => 2 * w),
  );
  assert.equal(records.length, 100);
  for (const record of records) {
    assert.equal(record.status, 200);
    assert.equal(record.bytes, 5);
    assert.equal(record.serverSeconds, 0.25);
    assert.equal(record.callId, "c-1");
    assert.equal(record.phase, record.seq < 25 ? "warm-up" : "measured");
    assert.ok(record.intendedMs <= record.sentMs! && record.sentMs! <= record.firstByteMs!);
    assert.ok(record.firstByteMs! <= record.endMs!);
    assert.equal(run.columns.outcome(record.seq), "ok");
    assert.equal(run.columns.endMs[record.seq], record.endMs);
  }
  assert.deepEqual(windows, result.windows);
  assert.deepEqual(
    windows.map((window) => [window.index, window.scheduled]),
    [0, 1, 2, 3].map((index) => [index, 25]),
  );
  assert.equal(
    windows.reduce((sum, window) => sum + window.ok, 0),
    100,
  );
  assert.deepEqual(
    windows.map((window) => window.endedAtMs - result.startedAtMs),
    [2_500, 5_000, 7_500, 10_000],
  );
});

test("coordinated omission: a stall shows in as many requests as came during it, not in one", async (t) => {
  const [requests, durationSeconds, stallMs] = [400, 4, 2_000];
  let stalledUntil: Promise<unknown> | null = null;
  const target = await targetFor(t, (response, seq) => {
    if (seq === 100) stalledUntil = sleep(stallMs).then(() => (stalledUntil = null));
    void (stalledUntil ?? Promise.resolve()).then(() => response.end());
  });
  const run = replay({ schedule: even(requests, durationSeconds), url: target.url });
  const result = await run.finished;
  assert.equal(result.totals.ok, requests);
  // The stall begins with request 100 and holds back the 2 s × 100 rps that come in it; they wait 2 s down to 0.
  let waited = 0;
  for (let seq = 0; seq < requests; seq++) if (run.columns.endMs[seq]! - (seq + 0.5) * 10 > stallMs / 4) waited++;
  assert.ok(waited >= 120, `${waited} requests waited over a quarter of the stall`);
  assert.ok(result.latencySeconds.fromIntended!.p99 > 1.5);
  assert.ok(target.maxInside() >= 120, `open loop: ${target.maxInside()} requests were inside together`);
});

test("requests over the limit in flight are shed, recorded, and spoil the run", async (t) => {
  const target = await targetFor(t, () => {});
  const records: RequestRecord[] = [];
  const run = replay({
    schedule: even(50, 0.5),
    url: target.url,
    maxInFlight: 10,
    timeoutMs: 5_000,
    drainMs: 50,
    sloSeconds: 9,
    onRecord: (record) => records.push(record),
  });
  const { totals, valid, invalidBecause, sloViolationShare } = await run.finished;
  assert.deepEqual(totals, {
    scheduled: 50,
    sent: 10,
    ok: 0,
    failed: 0,
    shed: 40,
    unfinished: 10,
    failedByClass: {},
    late: { fromIntended: 0, fromSent: 0 },
  });
  assert.equal(target.maxInside(), 10);
  assert.equal(records.filter((record) => record.outcome === "shed" && record.sentMs === null).length, 40);
  assert.equal(valid, false);
  assert.match(invalidBecause!, /differ from the schedule by more than 1 % in 1 of 1 windows \(window 0: 10 of 50\)/);
  assert.equal(sloViolationShare, 1);
});

test("what has no answer after the drain is unfinished; what times out before is a failure", async (t) => {
  const target = await targetFor(t, (response, seq) => void (seq % 2 === 0 && response.end()));
  const unfinished = await replay({ schedule: even(20, 0.2), url: target.url, timeoutMs: 60_000, drainMs: 500 })
    .finished;
  assert.deepEqual(unfinished.totals, {
    scheduled: 20,
    sent: 20,
    ok: 10,
    failed: 0,
    shed: 0,
    unfinished: 10,
    failedByClass: {},
    late: null,
  });
  const timedOut = await replay({ schedule: even(20, 0.2), url: target.url, timeoutMs: 800, drainMs: 5_000 }).finished;
  assert.deepEqual(timedOut.totals, {
    scheduled: 20,
    sent: 20,
    ok: 10,
    failed: 10,
    shed: 0,
    unfinished: 0,
    failedByClass: { timeout: 10 },
    late: null,
  });
});

test("failures are told apart by class", async (t) => {
  const statuses = [200, 302, 404, 429, 500, 502, 503, 504];
  const target = await targetFor(t, (response, seq) => {
    const status = statuses[seq];
    if (status !== undefined) return void response.writeHead(status).end();
    if (seq === statuses.length) return void response.destroy();
    response.writeHead(200, { "Content-Length": "10" });
    response.write("half");
    setImmediate(() => response.destroy());
  });
  const { totals } = await replay({ schedule: even(10, 0.5), url: target.url }).finished;
  assert.deepEqual(totals.failedByClass, { "4xx": 1, "429": 1, "5xx": 2, "502": 1, "504": 1, reset: 2 });
  assert.equal(totals.ok, 2);
  const gone = await startTarget(() => {});
  await gone.close();
  const refused = await replay({ schedule: even(3, 0.1), url: gone.url }).finished;
  assert.deepEqual(refused.totals.failedByClass, { connect: 3 });
});

test("the share over the SLO is in trace time, after the warm-up", async (t) => {
  const target = await targetFor(t, (response, seq) => void setTimeout(() => response.end(), seq >= 50 ? 200 : 0));
  // 20 warm-up requests, 30 quick ones, 50 that take over 0.15 s × 10 of trace time: timers may be a millisecond early.
  const { sloViolationShare } = await replay({
    schedule: even(100, 10),
    url: target.url,
    timeLapse: 10,
    warmUpSeconds: 2,
    sloSeconds: 1.5,
  }).finished;
  assert.ok(sloViolationShare! >= 50 / 80, `${sloViolationShare}`);
  const lenient = await replay({ schedule: even(10, 1), url: target.url, timeLapse: 10, sloSeconds: 60 }).finished;
  assert.equal(lenient.sloViolationShare, 0);
  assert.equal((await replay({ schedule: even(1, 0.1), url: target.url }).finished).sloViolationShare, null);
});

test("a generator that cannot keep up says that the run is invalid", async (t) => {
  const target = await targetFor(t, (response) => response.end());
  const run = replay({ schedule: even(100, 0.5), url: target.url });
  setTimeout(() => {
    const untilMs = performance.now() + 200;
    while (performance.now() < untilMs);
  }, 100);
  const { valid, invalidBecause, latenessMs, eventLoopDelayMs, totals } = await run.finished;
  assert.equal(totals.sent, 100);
  assert.equal(valid, false);
  assert.match(invalidBecause!, /1 % of the requests were sent more than \d+\.\d ms late \(at most 50 ms\)/);
  assert.ok(latenessMs!.max >= 100);
  assert.ok(eventLoopDelayMs.max >= 100);
});

test("a load that nobody answered is no valid run, and says so", async (t) => {
  const gone = await startTarget((response) => void response.end());
  await gone.close();
  const dead = await replay({ schedule: even(20, 10), url: gone.url, timeLapse: 100 }).finished;
  assert.equal(dead.valid, false);
  assert.equal(dead.invalidBecause, "none of 20 requests succeeded (20 × connect)");

  const reset = await targetFor(t, (response) => response.destroy());
  const broken = await replay({ schedule: even(20, 10), url: reset.url, timeLapse: 100 }).finished;
  assert.equal(broken.invalidBecause, "none of 20 requests succeeded (20 × reset)");

  // Another one answers, but nothing is known of the function by that.
  for (const [status, errorClass] of [
    [404, "4xx"],
    [429, "429"],
    [500, "5xx"],
    [502, "502"],
    [503, "5xx"],
    [504, "504"],
  ] as const) {
    const wrong = await targetFor(t, (response) => void response.writeHead(status).end());
    const { valid, invalidBecause } = await replay({ schedule: even(20, 10), url: wrong.url, timeLapse: 100 }).finished;
    assert.equal(valid, false);
    assert.equal(invalidBecause, `none of 20 requests succeeded (20 × ${errorClass})`);
  }
});

test("where most got no answer from the function the run does not count; one that is full gives answers", async (t) => {
  const answeredBy = async (answer: (response: ServerResponse, seq: number) => void) => {
    const target = await targetFor(t, answer);
    return (await replay({ schedule: even(20, 10), url: target.url, timeLapse: 100 }).finished).invalidBecause;
  };
  const many =
    "18 of 20 requests got no answer from the function: not connected, broken off, too late, or 404, 502, 503, 504";
  const mostly = (status: number) => (response: ServerResponse, seq: number) =>
    void response.writeHead(seq < 2 ? 200 : status).end();
  for (const status of [404, 502, 503, 504]) assert.equal(await answeredBy(mostly(status)), many, `${status}`);
  for (const status of [429, 400, 500]) assert.equal(await answeredBy(mostly(status)), null, `${status}`);
  assert.equal(await answeredBy((response, seq) => void (seq < 2 ? response.end() : response.destroy())), many);
  const mixed = [404, 502, 503, 504];
  assert.equal(
    await answeredBy((response, seq) => void response.writeHead(mixed[seq % 5] ?? 200).end()),
    many.replace("18", "16"),
  );
  // Exactly half is not most.
  assert.equal(await answeredBy((response, seq) => void response.writeHead(seq < 10 ? 200 : 502).end()), null);

  const totals = { scheduled: 10, sent: 10, ok: 4, failed: 6, shed: 0, unfinished: 0, failedByClass: { connect: 6 } };
  assert.match(unansweredBecause(totals, 6)!, /^6 of 10 requests got no answer from the function/);
  assert.equal(unansweredBecause({ ...totals, ok: 5, failed: 5, failedByClass: { connect: 5 } }, 5), null);
  assert.equal(unansweredBecause({ ...totals, sent: 0, ok: 0, failed: 0, failedByClass: {} }, 0), null);
});

test("a stop sends nothing more, cuts off what is in flight, and counts only what was reached", async (t) => {
  const stop = new AbortController();
  const target = await targetFor(t, (_, seq) => void (seq === 9 && stop.abort()));
  const run = replay({ schedule: even(1_000, 100, 1), url: target.url, timeLapse: 10, signal: stop.signal });
  assert.equal(run.totals().scheduled, 1_000);
  const { totals, stopped, valid, invalidBecause, windows } = await run.finished;
  assert.equal(stopped, true);
  assert.ok(totals.sent >= 10 && totals.sent < 500, `${totals.sent}`);
  assert.deepEqual(totals, { ...totals, scheduled: totals.sent, unfinished: totals.sent, ok: 0 });
  assert.equal(valid, false);
  assert.match(invalidBecause!, /^it was stopped after \d+ of 100 s$/);
  assert.ok(windows.length >= 1 && windows.length < 50);
  assert.equal(run.columns.outcome(999), null);
});

test("a stop that came before the start sends nothing", async (t) => {
  const target = await targetFor(t, (response) => response.end());
  const { totals } = await replay({ schedule: even(10, 1), url: target.url, signal: AbortSignal.abort() }).finished;
  assert.equal(totals.sent, 0);
  assert.equal(totals.scheduled, 0);
});

test("an empty schedule is over when its time is, with a window and no quantiles", async () => {
  const { totals, windows, valid, latencySeconds, latenessMs } = await replay({
    schedule: even(0, 0.05),
    url: "http://127.0.0.1:9/",
  }).finished;
  assert.equal(totals.scheduled, 0);
  assert.equal(valid, true);
  assert.deepEqual(latencySeconds, { fromIntended: null, fromSent: null });
  assert.equal(latenessMs, null);
  assert.deepEqual(
    windows.map(({ p50Seconds, latenessP99Ms }) => ({ p50Seconds, latenessP99Ms })),
    [{ p50Seconds: null, latenessP99Ms: null }],
  );
});

test("a listener that throws ends the replay with its error", async (t) => {
  const target = await targetFor(t, (response) => response.end());
  const run = replay({
    schedule: even(10, 0.1),
    url: target.url,
    onRecord: () => {
      throw new Error("disk full");
    },
  });
  await assert.rejects(run.finished, /disk full/);
});

for (const { name, options, want } of [
  { name: "no URL", options: { url: "stress" }, want: "the target must be a URL like" },
  { name: "another protocol", options: { url: "file:///etc/passwd" }, want: "the target must be a URL like" },
  { name: "a password in the URL", options: { url: "http://a:b@127.0.0.1/" }, want: "the target must be a URL like" },
  { name: "time-lapse 0", options: { timeLapse: 0 }, want: "the time-lapse must be at least 1, was 0" },
  { name: "timeout NaN", options: { timeoutMs: NaN }, want: "the timeout in ms must be at least 1, was NaN" },
  {
    name: "nothing in flight",
    options: { maxInFlight: 0 },
    want: "the limit of requests in flight must be at least 1",
  },
]) {
  test(`bad replay options: ${name}`, () => {
    assert.throws(
      () => replay({ schedule: even(1, 1), url: "http://127.0.0.1:9/", ...options }),
      (thrown: unknown) => thrown instanceof BadInputError && thrown.message.includes(want),
    );
  });
}
