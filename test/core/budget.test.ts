/** How much of a budget is used, and how that is said. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { BUDGET_SECONDS, BudgetTrack, budgetUsed, budgetUseWords, type BudgetWindow } from "#shared/core/budget.ts";

const slo = { seconds: 3, percentile: 95 } as const;
const NO_ERROR = { "4xx": 0, "429": 0, "5xx": 0, "504": 0 };

/** The window `i` of 30 s: `share` of `ok` + `failed` requests broke the SLO. */
function windowAt(i: number, share: number | null, ok: number | null, failed = 0): BudgetWindow {
  return {
    endedAtMs: i * 30_000,
    windowSeconds: 30,
    completedOk: ok,
    completedError: ok === null ? null : { ...NO_ERROR, "5xx": failed },
    late: { share, because: null },
  };
}

describe("a budget", () => {
  for (const { name, windows, use, words } of [
    {
      name: "a window weighs by the requests that ended in it",
      windows: [windowAt(1, 0.5, 8, 2), windowAt(2, 0, 90)],
      use: { share: 0.05, requests: 100, seconds: 60, unmeasuredSeconds: 0 },
      words: "5 % of 5 % used in the last 60 s",
    },
    {
      name: "what was not measured is left out, and said",
      windows: [windowAt(1, null, 40), windowAt(2, null, null), windowAt(3, 0.031, 1_000), windowAt(4, null, 7)],
      use: { share: 0.031, requests: 1_000, seconds: 120, unmeasuredSeconds: 90 },
      words: "3.1 % of 5 % used in the last 2 min, 90 s of them not measured",
    },
    {
      name: "where nothing ended there is nothing to use",
      windows: [windowAt(1, null, 0), windowAt(2, null, 0)],
      use: { share: null, requests: 0, seconds: 60, unmeasuredSeconds: 0 },
      words: "budget 5 %, no request ended in the last 60 s",
    },
    {
      name: "where nothing was measured, neither is the use",
      windows: [windowAt(1, null, null)],
      use: { share: null, requests: 0, seconds: 30, unmeasuredSeconds: 30 },
      words: "budget 5 %, use not measured",
    },
    {
      name: "without a window, too",
      windows: [],
      use: { share: null, requests: 0, seconds: 0, unmeasuredSeconds: 0 },
      words: "budget 5 %, use not measured",
    },
    {
      name: "what is older than an hour does not count",
      windows: [windowAt(1, 1, 100), ...Array.from({ length: 120 }, (_, i) => windowAt(i + 2, 0.02, 10))],
      use: { share: 0.02, requests: 1_200, seconds: BUDGET_SECONDS, unmeasuredSeconds: 0 },
      words: "2 % of 5 % used in the last 60 min",
    },
  ]) {
    test(name, () => {
      const track = new BudgetTrack();
      // Delivered again, and not in order.
      for (const one of [...windows, ...windows]) track.add(one, slo);
      for (const said of [budgetUsed(windows), track.use()]) {
        const { share, ...rest } = said;
        assert.deepEqual({ ...rest, share: share === null ? null : Math.round(share * 1e9) / 1e9 }, use);
        assert.equal(budgetUseWords(said, slo), words);
      }
    });
  }

  test("with another SLO it begins anew: a share that was counted by one says nothing of the other", () => {
    const track = new BudgetTrack();
    track.add(windowAt(1, 0.5, 10), slo);
    track.add(windowAt(2, 0.1, 10), { ...slo, seconds: 5 });
    assert.equal(track.use().share, 0.1);
  });
});
