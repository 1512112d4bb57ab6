/** What a part should do and does not is said in a sentence, in time, whatever else works. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Activity } from "#shared/host/activity.ts";

const EVERY = { everyMs: 30_000, else: "nobody decides" };

function anActivity(options = {}) {
  const clock = { nowMs: 1e6 };
  return { clock, activity: new Activity(() => clock.nowMs, options) };
}

describe("activity", () => {
  test("three missed are no problem, more are: one sentence with the age and what comes of it", () => {
    const { clock, activity } = anActivity();
    activity.did("window", "stress", EVERY);
    clock.nowMs += 120_000;
    assert.deepEqual(activity.problems(), []);
    clock.nowMs += 1;
    assert.deepEqual(activity.problems(), ["no window of 'stress' for 120 s, one is due every 30 s; nobody decides"]);
    activity.did("window", "stress", EVERY);
    assert.deepEqual(activity.problems(), []);
  });

  test("what never came is overdue too, from when it was expected", () => {
    const { clock, activity } = anActivity();
    activity.expect("decision", "stress", EVERY);
    clock.nowMs += 60_000;
    activity.expect("decision", "stress", EVERY);
    clock.nowMs += 61_000;
    assert.match(activity.problems()[0]!, /^no decision of 'stress' for 121 s/);
    assert.deepEqual(activity.ages(), { stress: { decision: null } });
    assert.equal(activity.counts()[0]!.ageSeconds, 121);
  });

  test("at a fast time-lapse a busy machine is given five seconds", () => {
    const { clock, activity } = anActivity();
    activity.did("window", "stress", { everyMs: 300 });
    clock.nowMs += 5_000;
    assert.deepEqual(activity.problems(), []);
    clock.nowMs += 1;
    assert.equal(activity.problems().length, 1);
  });

  test("one function's work does not hide that another has none", () => {
    const { clock, activity } = anActivity();
    activity.did("window", "a", EVERY);
    activity.did("window", "b", EVERY);
    clock.nowMs += 121_000;
    activity.did("window", "b", EVERY);
    assert.deepEqual(
      activity.problems().map((sentence) => sentence.slice(0, 16)),
      ["no window of 'a'"],
    );
  });

  test("what is excused, or of a function that is managed no longer, is not due", () => {
    const { clock, activity } = anActivity();
    activity.did("window", "a", EVERY);
    activity.did("window", "b", EVERY);
    clock.nowMs += 1e6;
    activity.excuse("window", "a");
    activity.keepOnly((name) => name === "a");
    assert.deepEqual(activity.problems(), []);
    activity.expect("window", "a", EVERY);
    assert.deepEqual(activity.problems(), [], "due anew, from now on");
  });

  test("silence is a problem for an hour where the platform cannot be asked, and for good where it can", () => {
    for (const { goneAfter, after } of [
      { goneAfter: 120, after: 0 },
      { goneAfter: Infinity, after: 1 },
    ]) {
      const { clock, activity } = anActivity({ goneAfter });
      activity.did("window", "stress", EVERY);
      clock.nowMs += 120 * 30_000;
      assert.equal(activity.problems().length, 1);
      clock.nowMs += 1;
      assert.equal(activity.problems().length, after);
    }
  });

  test("names without number do not grow it, and those in work stay", () => {
    const { clock, activity } = anActivity();
    activity.did("window", "stress", EVERY);
    for (let n = 0; n < 20_000; n++) {
      clock.nowMs++;
      activity.did("tick", `f${n}`);
      if (n % 500 === 0) activity.did("window", "stress", EVERY);
    }
    assert.equal(Object.keys(activity.ages()).length, 1_000);
    const windows = activity.counts().find(({ functionName, deed }) => functionName === "stress" && deed === "window");
    assert.equal(windows?.count, 41);
  });
});
