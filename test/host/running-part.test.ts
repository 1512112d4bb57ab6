/** What every part answers of itself: status with health, `?health` and `?metrics`. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";

import { parseExposition } from "#shared/metrics/exposition.ts";
import { Activity } from "#shared/host/activity.ts";
import type { Answer } from "#shared/host/handler.ts";
import { answerPart, type RunningPart } from "#shared/host/running-part.ts";

function aPart(changes: Partial<RunningPart["watched"]> = {}, more: Partial<RunningPart> = {}) {
  const clock = { nowMs: 0 };
  const activity = new Activity(() => clock.nowMs);
  const bus = { is: "connected", state: () => bus.is };
  const part: RunningPart = { status: () => ({ decisions: 7 }), watched: { activity, bus, ...changes }, ...more };
  const get = (query: Record<string, string>): Promise<Answer> =>
    answerPart("scaler", part, { method: "GET", query, body: undefined, headers: {}, path: "/" });
  return { clock, activity, bus, get };
}

describe("a running part", () => {
  test("is well while it does what is due, and says in every status what it did when", async () => {
    const { clock, activity, get } = aPart();
    activity.did("decision", "stress", { everyMs: 30_000 });
    clock.nowMs = 12_345;
    assert.deepEqual(await get({ health: "" }), {
      status: 200,
      body: { part: "scaler", ok: true, problems: [], warnings: [] },
    });
    assert.deepEqual((await get({})).body, {
      ...{ part: "scaler", state: "running", decisions: 7 },
      health: { ok: true, problems: [], warnings: [] },
      ages: { stress: { decision: 12.3 } },
    });
  });

  test("alive but doing nothing fails its health with the sentence, and its status stays readable", async () => {
    const { clock, activity, get } = aPart();
    activity.did("decision", "stress", { everyMs: 30_000 });
    clock.nowMs = 200_000;
    const { status, body } = await get({ health: "" });
    const problems = ["no decision of 'stress' for 200 s, one is due every 30 s"];
    assert.deepEqual([status, (body as { problems: unknown }).problems], [503, problems]);
    const whole = await get({});
    assert.equal(whole.status, 200);
    assert.deepEqual((whole.body as { health: { problems: unknown } }).health.problems, problems);
  });

  test("a bus that is away, and what the part itself complains of, are problems; warnings are none", async () => {
    const { bus, get } = aPart({ problems: () => ["the disk is full"], warnings: () => ["the clock is 3 s ahead"] });
    bus.is = "reconnecting";
    assert.deepEqual(await get({ health: "" }), {
      status: 503,
      body: {
        part: "scaler",
        ok: false,
        problems: ["the bus is away: reconnecting", "the disk is full"],
        warnings: ["the clock is 3 s ahead"],
      },
    });
    const other = aPart({ warnings: () => ["the clock is 3 s ahead"] });
    assert.equal((await other.get({ health: "" })).status, 200);
  });

  test("thousands of overdue functions are reported in fifty sentences", async () => {
    const { clock, activity, get } = aPart();
    for (let n = 0; n < 500; n++) activity.did("window", `f${n}`, { everyMs: 30_000 });
    clock.nowMs = 200_000;
    const { problems } = (await get({ health: "" })).body as { problems: string[] };
    assert.deepEqual([problems.length, problems.at(-1)], [51, "and 450 more"]);
  });

  test("metrics are in the Prometheus text format, by part and function, and know what is overdue", async () => {
    const { clock, activity, get } = aPart();
    activity.did("window", 'a"b\\c', { everyMs: 30_000 });
    activity.did("window", "stress", { everyMs: 30_000 });
    activity.did("window", "stress");
    activity.expect("proposal", "stress", { everyMs: 30_000 });
    clock.nowMs = 90_000;
    const { status, body, type } = await get({ metrics: "" });
    assert.equal(status, 200);
    assert.match(type!, /^text\/plain; version=0\.0\.4/);
    const value = (name: string, labels: object) => {
      return parseExposition(body as string).find(
        ({ series }) => series.name === name && isDeepStrictEqual({ ...series.labels }, labels),
      )?.value;
    };
    const stress = { function: "stress", part: "scaler" };
    assert.equal(value("replicant_healthy", { part: "scaler" }), 1);
    assert.equal(value("replicant_last_window_age_seconds", stress), 90);
    assert.equal(value("replicant_window_count", stress), 2);
    assert.equal(value("replicant_last_proposal_age_seconds", stress), 90);
    assert.equal(value("replicant_last_window_age_seconds", { function: 'a"b\\c', part: "scaler" }), 90);
    clock.nowMs = 200_000;
    const later = (await get({ metrics: "" })).body as string;
    assert.match(later, /replicant_healthy\{part="scaler"\} 0/);
  });

  test("a part's own answer gets the whole status", async () => {
    const { get } = aPart({}, { answer: async (_event, status) => ({ status: 200, body: { mine: status() } }) });
    const { mine } = (await get({})).body as { mine: { health: { ok: boolean } } };
    assert.equal(mine.health.ok, true);
  });
});
