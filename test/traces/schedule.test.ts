/** A schedule as bytes: the same ones from the same inputs, here and on any machine. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { planSchedule, type ScheduleOptions } from "#shared/traces/schedule.ts";
import { loadTrace } from "#shared/traces/load-trace.ts";
import { encodeSchedule, scheduleDigest, writeSchedule } from "#shared/load/schedule-file.ts";

const fixtures: { name: string; file: string; options: Partial<ScheduleOptions>; digest: string }[] = [
  {
    name: "the seed's day, uniform",
    file: "seed_request_count_raw_30s.json",
    options: {},
    digest: "bf7e4129bc9e31db246f91bc406bf224195662a028eb6f1b741a594b94be591d",
  },
  {
    name: "an hour of it, hyper-exponential, scaled",
    file: "seed_request_count_raw_30s.json#boosted",
    options: { gapRule: "hyper-exponential", rateScale: 2.5, fromSeconds: 36_000, durationSeconds: 3_600, workCv: 0.4 },
    digest: "b54253843e4c1c5cc4334a9516fc8124c13304333bf57b7fe841ee1388ffcb99",
  },
  {
    name: "LLM requests, superposed",
    file: "azure_llm2023_conv_requests.csv",
    options: { rateScale: 1.5 },
    digest: "6fdfc6e7eff4d6958d4af1d4bdf2e2ebeffcd80bf8f420ad2ca9c6e16cb4f3b8",
  },
];
for (const { name, file, options, digest } of fixtures) {
  test(`schedule digest never changes: ${name}`, async () => {
    const plan = async () => planSchedule(await loadTrace(`traces/${file}`), { seed: 7, ...options });
    const [once, again] = [encodeSchedule(await plan()), encodeSchedule(await plan())];
    assert.deepEqual(once, again);
    assert.equal(scheduleDigest(await plan()), digest);
  });
}

test("a schedule's file has the layout that is promised, and its digest is that of the schedule", async () => {
  const folder = await mkdtemp(join(tmpdir(), "replicant-schedule-"));
  after(() => rm(folder, { recursive: true }));
  const path = join(folder, "a.schedule");
  const schedule = planSchedule(await loadTrace("traces/drescale_invokation_data_30s.json"), { seed: 1, workCv: 0.3 });
  await writeSchedule(path, schedule);
  const bytes = await readFile(path);
  assert.equal(scheduleDigest(schedule), createHash("sha256").update(bytes).digest("hex"));

  const { durationSeconds, windowSeconds, offsetSeconds, work } = schedule;
  const count = offsetSeconds.length;
  assert.equal(bytes.length, 28 + count * 12);
  assert.equal(bytes.toString("latin1", 0, 8), "RPLSCH1\n");
  assert.deepEqual([bytes.readDoubleLE(8), bytes.readDoubleLE(16)], [durationSeconds, windowSeconds]);
  assert.equal(bytes.readUInt32LE(24), count);
  assert.deepEqual(
    offsetSeconds.map((_, i) => bytes.readDoubleLE(28 + i * 8)),
    offsetSeconds,
  );
  assert.deepEqual(
    work.map((_, i) => bytes.readFloatLE(28 + count * 8 + i * 4)),
    work,
  );
});
