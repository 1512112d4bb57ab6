import assert from "node:assert/strict";
import { test } from "node:test";

import { deadlineIn, within } from "#shared/adapters/patience.ts";

const MS = [0.5, 1, 2_000 / 3, 1.1 * 45_000, 60_000];

test("a deadline may be any number of milliseconds: none is refused as a fraction", async () => {
  for (const ms of MS) {
    assert.equal(deadlineIn(ms).aborted, false);
    assert.equal(await within(ms, async ({ aborted }) => aborted), false);
  }
});

test("what takes longer rejects with a sentence; what is done, or fails, in time leaves no timer behind", async () => {
  const late = within(
    1,
    (deadline) => new Promise((resolve) => deadline.addEventListener("abort", () => resolve("late"))),
  );
  assert.equal(await late, "late");
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = timers();
  await within(60_000, async () => "done");
  await assert.rejects(
    within(60_000, () => Promise.reject(new Error("no"))),
    /no/,
  );
  assert.equal(timers(), before);
});
