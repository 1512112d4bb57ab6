import assert from "node:assert/strict";
import { test } from "node:test";

import { ConfigError } from "#shared/core/errors.ts";
import { aManaged } from "#test/support/a-window.ts";
import { beyondProfile } from "#shared/live/managed.ts";
import { readUpFlags } from "#services/cli/up.ts";

test("up: without flags there is no load and trace time is real time", () => {
  const { trace, timeLapse, port, windows } = readUpFlags({});
  assert.deepEqual({ trace, timeLapse, port, windows }, { trace: null, timeLapse: 1, port: 8080, windows: null });
});

test("up: flags change the demo one by one", () => {
  const { trace, windows, timeLapse } = readUpFlags({ demo: true, windows: "5" });
  assert.deepEqual(
    { trace, windows, timeLapse },
    { trace: "traces/seed_request_count_raw_30s.json", windows: 5, timeLapse: 10 },
  );
});

test("up: every bad flag is reported at once", () => {
  const flags = { port: "99999", windows: "0", timeLapse: "0.5", rateScale: "much", profile: "pro" };
  assert.throws(
    () => readUpFlags(flags),
    (thrown) => {
      assert.ok(thrown instanceof ConfigError);
      assert.deepEqual(thrown.problems, [
        "--profile must be one of open, ce, was: 'pro'",
        "--rate-scale must be a number from 0.001 to 10000, was: 'much'",
        "--time-lapse must be a number from 1 to 100, was: '0.5'",
        "--windows must be a whole number from 1 to 1000000, was: '0'",
        "--port must be a whole number from 0 to 65535, was: '99999'",
      ]);
      return true;
    },
  );
});

test("up: a range that the profile does not give is reported", () => {
  const managed = [aManaged({ functionName: "wide" }), aManaged({ functionName: "fits", maxReplicas: 5 })];
  assert.deepEqual(beyondProfile(managed, "open"), []);
  assert.deepEqual(beyondProfile(managed, "ce"), [
    "'wide' is to have 1 to 12 replicas, but the platform gives at least 1 and at most 5: decisions stay within that",
  ]);
});
