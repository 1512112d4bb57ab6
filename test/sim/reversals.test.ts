import assert from "node:assert/strict";
import { test } from "node:test";

import { Reversals } from "#shared/sim/reversals.ts";

for (const { name, desired, want } of [
  {
    name: "a replica let go and wished back within two minutes",
    desired: [
      [0, 5],
      [30, 4],
      [150, 5],
    ],
    want: 1,
  },
  {
    name: "later than that it is another load",
    desired: [
      [0, 5],
      [30, 4],
      [151, 5],
    ],
    want: 0,
  },
  {
    name: "a decrease is reversed once at most",
    desired: [
      [0, 5],
      [30, 2],
      [60, 3],
      [90, 4],
    ],
    want: 1,
  },
  {
    name: "the last decrease counts",
    desired: [
      [0, 9],
      [0, 5],
      [200, 4],
      [260, 9],
    ],
    want: 1,
  },
  {
    name: "up, then down, is none",
    desired: [
      [0, 1],
      [10, 5],
      [20, 1],
    ],
    want: 0,
  },
  {
    name: "flapping",
    desired: [
      [0, 5],
      [10, 4],
      [20, 5],
      [30, 4],
      [40, 5],
    ],
    want: 2,
  },
] as const) {
  test(`reversals: ${name}`, () => {
    const reversals = new Reversals();
    let before: number = desired[0][1];
    for (const [atSeconds, after] of desired) {
      reversals.note(before, after, atSeconds);
      before = after;
    }
    assert.equal(reversals.count, want);
  });
}
