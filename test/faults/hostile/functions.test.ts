/**
 * What is sent to the functions and put on the bus by somebody who knows the schemas: valid calls and events, bent. A handler
 * answers 2xx, 4xx or 503 with one sentence, whatever comes, and who did not sign leaves no trace.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";

import fc from "fast-check";

import { memoryBus } from "#test/support/memory-bus.ts";
import { folderRegistry } from "#shared/adapters/model-registry/folder.ts";
import { shippedModels } from "#shared/adapters/model-registry/shipped.ts";
import { decodeEvent, encodeEvent, EventFormatError, makeEvent } from "#shared/events/codec.ts";
import { readHistory } from "#shared/events/history.ts";
import { EVENT_KINDS, SUBJECTS, type EventKind } from "#shared/events/subjects.ts";
import type { EventData, ReplicantEvent } from "#shared/events/types.ts";
import { Activity } from "#shared/host/activity.ts";
import { CallVerifier } from "#shared/host/call-verifier.ts";
import { jsonHandler, type Answer, type FunctionEvent } from "#shared/host/handler.ts";
import { silentLog } from "#test/support/silent-log.ts";
import { signCall } from "#shared/host/signature.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { record } from "#test/support/faults/figures.ts";
import { anApplied, aProposal } from "#test/support/a-decision.ts";
import { aManaged, aTick, aWindow } from "#test/support/a-window.ts";
import { aModelEvent } from "#test/support/an-event.ts";
import { assertUnpolluted, bent, isSentence, jsonText, mangled, nested } from "#test/support/hostile.ts";
import { kernelBytes } from "#test/support/kernel.ts";
import { answerLoadGenerator } from "#functions/load-generator/answer.ts";
import { ReplayRuns } from "#functions/load-generator/replay-runs.ts";
import { shippedTraces } from "#functions/load-generator/shipped-traces.ts";
import { answerWindows } from "#functions/policy-inference/answer.ts";
import { createAssignments } from "#functions/policy-inference/assignments.ts";
import { createInference } from "#functions/policy-inference/inference.ts";
import { createModels } from "#functions/policy-inference/models.ts";
import { readStressRequest } from "#functions/stress/request.ts";

const SEED = 10;
const RUNS = 1_500;
const KEY = "k".repeat(64);

const home = mkdtempSync(join(tmpdir(), "replicant-hostile-"));
after(() => rmSync(home, { recursive: true }));

let tried = 0;
const bounds = { seed: SEED, numRuns: RUNS, endOnFailure: true, includeErrorInReport: true };

/** One of each kind, as the parts send them. */
const DATA: { readonly [K in keyof EventData]: EventData[K] } = {
  tick: { managed: aManaged(), tick: aTick() },
  window: { managed: aManaged(), window: aWindow({ seq: 3 }), history: [aWindow(), aWindow({ seq: 2 })] },
  proposal: { managed: aManaged(), proposal: aProposal(), window: aWindow() },
  applied: anApplied(),
  model: aModelEvent(1).data,
  load: {
    ...{ runId: "r", functionName: "stress", phase: "window", scheduleDigest: "d", valid: null, invalidBecause: null },
    totals: {
      scheduled: 1,
      sent: 1,
      ok: 1,
      failed: 0,
      shed: 0,
      unfinished: 0,
      failedByClass: { "429": 1 },
      late: null,
    },
    ...{ window: null, sloViolationShare: null },
  },
};

function eventJson(kind: EventKind): unknown {
  const event = makeEvent(kind, { source: "t", subject: "stress", key: 1, nowMs: 0, data: DATA[kind] });
  return JSON.parse(Buffer.from(encodeEvent(event as ReplicantEvent)).toString());
}

describe("an event that was bent", () => {
  for (const kind of EVENT_KINDS) {
    test(`${SUBJECTS[kind]}: is an event, or is refused with one sentence`, () => {
      const valid = eventJson(kind);
      decodeEvent(kind, Buffer.from(jsonText(valid)));
      const inputs = fc.oneof(
        { weight: 5, arbitrary: bent(valid).map(jsonText) },
        { weight: 1, arbitrary: mangled(jsonText(valid)) },
        {
          weight: 1,
          arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
        },
      );
      fc.assert(
        fc.property(inputs, (text) => {
          tried++;
          try {
            const event = decodeEvent(kind, Buffer.from(text));
            assert.equal(event.kind, kind);
          } catch (thrown) {
            assert.ok(thrown instanceof EventFormatError, String(thrown));
            assert.ok(isSentence(thrown.message), thrown.message.slice(0, 300));
            assert.ok(thrown.message.length < 400, thrown.message.slice(0, 300));
          }
          assertUnpolluted();
        }),
        bounds,
      );
    });
  }

  test("so that it cannot be compared is refused like any other", () => {
    const length = { toString: { polluted: true } };
    for (const field of ["namespace", "functionName", "policy"] as const) {
      const event = eventJson("window") as { data: { managed: Record<string, unknown>; history: unknown[] } };
      event.data.managed[field] = { length };
      tried++;
      assert.throws(() => decodeEvent("window", Buffer.from(jsonText(event))), EventFormatError);
    }
    const event = eventJson("window") as { data: { history: Record<string, unknown>[] } };
    event.data.history[0]!["namespace"] = { length };
    tried++;
    const { history } = decodeEvent("window", Buffer.from(jsonText(event))).data;
    assert.equal(readHistory(history).length, 1);
  });

  test("by nesting deeper than can be written is refused like any other", () => {
    for (const depth of [1_000, 50_000, 400_000]) {
      for (const [open, close] of [
        ["[", "]"],
        ['{"a":', "}"],
      ] as const) {
        const deep = open.repeat(depth) + "1" + close.repeat(depth);
        const windowText = jsonText(eventJson("window"));
        const inHistory = windowText.replace('"history":[', `"history":[${deep},`);
        assert.notEqual(inHistory, windowText);
        for (const text of [deep, windowText.replace('"stress"', deep), inHistory]) {
          tried++;
          assert.throws(() => decodeEvent("window", Buffer.from(text)), EventFormatError);
        }
      }
    }
  });
});

/** A handler as the template calls it: what it answers, and with which status. */
async function call(answer: (event: FunctionEvent) => Promise<Answer>, event: FunctionEvent) {
  let status = 0;
  const context = {
    status: (code: number) => ((status = code), context),
    headers: () => context,
  };
  const said = String(await jsonHandler(answer)(event, context));
  tried++;
  assertUnpolluted();
  const isFine = (status >= 200 && status < 300) || (status >= 400 && status < 500) || status === 503;
  assert.ok(isFine, `${status} ${said.slice(0, 300)}`);
  if (status >= 400) assert.ok(isSentence((JSON.parse(said) as { error: unknown }).error), said.slice(0, 300));
  return { status, said };
}

const hostileHeaders = () =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Record<string, string>>({}) },
    {
      weight: 1,
      arbitrary: fc.record({
        "x-replicant-timestamp": fc.oneof(fc.constant(String(Date.now())), fc.string({ maxLength: 30 })),
        "x-replicant-nonce": fc.oneof(fc.constant("0123456789abcdef"), fc.string({ maxLength: 90 })),
        "x-replicant-signature": fc.constantFrom(
          "",
          "v2=",
          `v2=${"0".repeat(64)}`,
          "sha256=00",
          "v2=ü",
          "x".repeat(9_000),
        ),
      }),
    },
  );

const hostileCall = (body: fc.Arbitrary<string>): fc.Arbitrary<FunctionEvent> =>
  fc.record({
    body: fc.oneof(
      { weight: 5, arbitrary: body.map((text) => Buffer.from(text)) },
      { weight: 1, arbitrary: body },
      { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, null, {}, [], nested(20_000), 7) },
    ),
    headers: fc
      .tuple(hostileHeaders(), fc.constantFrom("application/json", "text/plain", "", "application/json;x="))
      .map(([headers, type]) => ({ "content-type": type, ...headers })),
    method: fc.constantFrom("POST", "POST", "POST", "POST", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"),
    query: fc.constantFrom<Record<string, unknown>>(
      {},
      { run: "r" },
      { run: ["a", "b"] },
      { run: { a: 1 } },
      { "": "" },
    ),
    path: fc.constantFrom("/", "", "/admin", "/../..", "/%00"),
  });

const verifierFor = () => new CallVerifier({ keys: () => [KEY], monotonicMs: () => performance.now(), log: () => {} });

function judging(verifier: CallVerifier, functionName: string) {
  return ({ headers, body, method, path, query }: FunctionEvent) => {
    const bytes = Buffer.isBuffer(body) || typeof body === "string" ? body : "";
    return verifier.judge({ headers, body: bytes, method, path, query, functionName, nowMs: Date.now() });
  };
}

/** The same call, signed by the key: who holds it may still send nonsense. */
function signed(event: FunctionEvent, functionName: string): FunctionEvent {
  const { body, method, path, query } = event;
  const text = Buffer.isBuffer(body) ? body.toString("utf8") : typeof body === "string" ? body : "";
  const headers = signCall(KEY, functionName, text, Date.now(), { method, path, query });
  return { ...event, body: Buffer.from(text), headers: { "content-type": "application/json", ...headers } };
}

describe("policy-inference", () => {
  async function start() {
    const kernel = await kernelBytes;
    const models = createModels({
      registry: folderRegistry(join(home, "registry")),
      source: shippedModels("shared/models"),
      makeEngine: (spec, weights) => createWasmEngine(kernel, spec, weights),
    });
    const nowMs = () => performance.now();
    const assignments = createAssignments({
      registry: folderRegistry(join(home, "registry")),
      models,
      nowMs,
      log: () => {},
    });
    const inference = createInference({ assignments, nowMs });
    const verifier = verifierFor();
    const activity = new Activity(nowMs);
    const bus = memoryBus();
    const published: string[] = [];
    const deps = {
      ...{ inference, activity, nowMs: Date.now, judge: judging(verifier, "policy-inference") },
      bus: { publish: async ({ id }: { readonly id: string }) => void published.push(id) },
    };
    const state = () => ({
      remembered: Object.keys(inference.memory()),
      held: assignments.describe(),
      models: models.count(),
      signatures: verifier.remembered,
      ages: activity.ages(),
      published: published.length,
    });
    return { state, bus, published, answer: (event: FunctionEvent) => answerWindows(event, deps) };
  }
  const one = eventJson("window");
  const bodies = fc.oneof(
    { weight: 4, arbitrary: bent(one).map(jsonText) },
    { weight: 2, arbitrary: fc.array(bent(one), { maxLength: 6 }).map(jsonText) },
    { weight: 1, arbitrary: mangled(jsonText(one)) },
    { weight: 1, arbitrary: fc.constantFrom("", "[", "null", "[".repeat(100_000), "x".repeat(300_000), jsonText(one)) },
  );

  test("unsigned: 2xx, 4xx or 503 with a sentence, and nothing is remembered of it", async () => {
    const { answer, state } = await start();
    const before = state();
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(hostileCall(bodies), async (event) => {
        const { status } = await call(answer, event);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }),
      bounds,
    );
    assert.deepEqual(state(), before);
    for (const status of [200, 400, 401, 405, 413, 415])
      assert.ok(statuses.has(status), `no call was answered ${status}`);
  });

  test("signed: the same answers, and the next good window is decided as ever", async () => {
    const { answer, published } = await start();
    await fc.assert(
      fc.asyncProperty(hostileCall(bodies), async (event) => {
        await call(answer, signed(event, "policy-inference"));
      }),
      { ...bounds, numRuns: RUNS / 3 },
    );
    const good = { body: Buffer.from(jsonText(one)), headers: {}, method: "POST", query: {}, path: "/" };
    const already = published.length;
    const { status, said } = await call(answer, signed(good, "policy-inference"));
    assert.equal(status, 200, said);
    assert.equal(published.length, already + 1);
  });
});

describe("load-generator", () => {
  const valid = {
    ...{ trace: [1, 2], functionName: "stress", seed: 1, gapRule: "uniform", rateScale: 1, fromSeconds: 0 },
    ...{ durationSeconds: 30, windowSeconds: 30, warmUpSeconds: 0, timeLapse: 10, work: { meanCpuSeconds: 0, cv: 0 } },
    ...{ sloSeconds: 1, maxInFlight: 5, startAtMs: null },
  };
  function start() {
    const bus = memoryBus();
    const verifier = verifierFor();
    const runs = new ReplayRuns({
      ...{ bus, gatewayUrl: "http://127.0.0.1:9", epochMs: null, nowMs: Date.now, log: silentLog },
    });
    const judge = judging(verifier, "load-generator");
    const deps = {
      ...{ runs, traces: shippedTraces("traces"), defaults: { timeLapse: 10, maxInFlight: 500 }, nowMs: Date.now },
      mayChange: (event: FunctionEvent) => judge(event).once,
    };
    return { runs, verifier, bus, answer: (event: FunctionEvent) => answerLoadGenerator(event, deps) };
  }
  const bodies = fc.oneof(
    { weight: 4, arbitrary: bent(valid).map(jsonText) },
    { weight: 1, arbitrary: bent({ ...valid, trace: undefined, traceText: "[1,2,3]" }).map(jsonText) },
    { weight: 1, arbitrary: mangled(jsonText(valid)) },
    { weight: 1, arbitrary: fc.constantFrom('{"stop":"r"}', '{"stop":{}}', "[]", "null", '"x"', "[".repeat(50_000)) },
  );

  test("unsigned: looks are answered, orders are not, and no run begins", async () => {
    const { answer, runs, verifier } = start();
    await fc.assert(
      fc.asyncProperty(hostileCall(bodies), async (event) => {
        const { status } = await call(answer, event);
        if (event.method === "POST" || event.method === "DELETE") assert.equal(status, 401);
      }),
      bounds,
    );
    assert.deepEqual([runs.list(), verifier.remembered], [[], 0]);
  });

  test("signed: a run begins or one sentence says why not", async () => {
    const { answer, runs, bus } = start();
    let begun = 0;
    await fc.assert(
      fc.asyncProperty(hostileCall(bodies), async (event) => {
        const { status } = await call(answer, signed({ ...event, method: "POST" }, "load-generator"));
        if (status === 202) begun++;
        await runs.close();
      }),
      { ...bounds, numRuns: RUNS / 3 },
    );
    assert.ok(begun > 0);
    await bus.close();
  });
});

test("stress: what it is asked for is within its bounds, or refused with one sentence", () => {
  const valid = { cpuMs: 1, sleepMs: 1, allocateMb: 1, status: 200, bytes: 10 };
  const bodies = fc.oneof(
    { weight: 4, arbitrary: bent(valid).map(jsonText) },
    { weight: 1, arbitrary: mangled(jsonText(valid)) },
    { weight: 1, arbitrary: fc.constantFrom(`{"cpuMs":${"[".repeat(40_000)}${"]".repeat(40_000)}}`, "[", "null", "7") },
  );
  fc.assert(
    fc.property(bodies, (text) => {
      tried++;
      try {
        const asked = readStressRequest(text, {});
        assert.ok(asked.cpuMs <= 60_000 && asked.allocateMb <= 1_024 && asked.bytes <= 10 * 2 ** 20);
      } catch (thrown) {
        assert.equal((thrown as Error).name, "BadInputError", String(thrown));
        assert.ok(isSentence((thrown as Error).message));
      }
      assertUnpolluted();
    }),
    bounds,
  );
});

after(() => {
  assert.ok(tried >= 12_000, `${tried} inputs`);
  console.log(`hostile inputs to functions and codec: ${tried} tried`);
  record(import.meta.filename, { inputs: tried });
});
