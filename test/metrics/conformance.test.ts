/** promql.ts against answers of a real Prometheus: recorded, and live where the program is on PATH. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { findPrometheus, record, type Recording } from "#test/support/metrics/prometheus-peer.ts";
import { differences } from "#test/support/metrics/replay-recording.ts";

test("promql: every recorded answer of a real Prometheus is met within 1e-9", async () => {
  const text = await readFile(new URL("fixtures/prometheus-answers.json", import.meta.url), "utf8");
  const recording = JSON.parse(text) as Recording;
  assert.ok(recording.answers.length > 1000);
  for (const ask of ["instant", "rate", "increase", "histogram_quantile"]) {
    const answered = recording.answers.filter((answer) => answer.ask === ask && answer.values.length > 0);
    assert.ok(answered.length > 20, `the recording holds answers to ${ask}`);
  }
  assert.ok(
    recording.answers.some(({ values }) => values.length === 0),
    "the recording holds empty answers",
  );
  assert.deepEqual(differences(recording), []);
});

const prometheus = findPrometheus();
test(
  "promql: a Prometheus running now gives the same answers",
  { skip: prometheus ? false : "no `prometheus` on PATH" },
  async () => {
    assert.deepEqual(differences(await record(prometheus!, 40, 100)), []);
  },
);
