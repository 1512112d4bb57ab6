import assert from "node:assert/strict";
import { test } from "node:test";

import { wholeAnswerWithin } from "#shared/adapters/patience.ts";

test("a whole answer may take any number of milliseconds: no time-out is refused as a fraction", () => {
  for (let timeoutMs = 1; timeoutMs <= 60_000; timeoutMs += 499)
    assert.equal(wholeAnswerWithin(timeoutMs).aborted, false);
  for (const timeoutMs of [300, 3_000, 45_000, 0.5]) assert.equal(wholeAnswerWithin(timeoutMs).aborted, false);
});
