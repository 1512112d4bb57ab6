/** The rate now: long means on quiet loads, short ones after a change, and no change where there is none. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { addPiece, NO_SPAN, rateOf, totalOf, type SteadySpan } from "#shared/guard/control/steady-rate.ts";
import { seededRandom, type Random } from "#shared/core/random.ts";

const settings = {
  ...{ enoughSeconds: 180, enoughArrivals: 200, longestSeconds: 1800, shortestSeconds: 6 },
  ...{ deviations: 3.5, doubt: 1.5 },
};

/** Arrivals of a Poisson process in a tick of 2 s. */
function poisson(mean: number, random: Random): number {
  let count = -1;
  for (let left = mean; left >= 0; count++) left += Math.log(1 - random.next());
  return count;
}

function fed(span: SteadySpan, rps: number, seconds: number, random: Random | null): SteadySpan {
  for (let at = 0; at < seconds; at += 2) {
    span = addPiece(span, { seconds: 2, arrivals: random ? poisson(rps * 2, random) : rps * 2 }, settings);
  }
  return span;
}

describe("the steady rate", () => {
  test("nothing seen is no rate; nothing arrived is 0", () => {
    assert.equal(rateOf(NO_SPAN, settings), null);
    assert.equal(rateOf(fed(NO_SPAN, 0, 10, null), settings), 0);
    assert.equal(addPiece(NO_SPAN, { seconds: 0, arrivals: 5 }, settings), NO_SPAN);
  });

  test("on a quiet load the span grows until it has enough, and chance cuts it at less than one tick in two hundred", () => {
    for (const rps of [0.5, 3, 50]) {
      const random = seededRandom(`quiet/${rps}`);
      let span = NO_SPAN;
      let cuts = 0;
      const ticks = 20_000;
      for (let i = 0; i < ticks; i++) {
        const before = totalOf(span.pieces).seconds;
        span = addPiece(span, { seconds: 2, arrivals: poisson(rps * 2, random) }, settings);
        if (totalOf(span.pieces).seconds < before / 2) cuts++;
      }
      assert.ok(cuts < ticks / 200, `${cuts} cuts at ${rps} requests/s`);
    }
    const { seconds, arrivals } = totalOf(fed(NO_SPAN, 3, 3600, seededRandom("long")).pieces);
    assert.ok(seconds >= 180 && seconds < 250, `${seconds} s`);
    assert.ok(Math.abs(arrivals / seconds - 3) < 0.5);
    const rare = totalOf(fed(NO_SPAN, 0.2, 7200, seededRandom("rare")).pieces);
    assert.ok(rare.seconds > 800 && rare.seconds <= 1800, `few requests are averaged for longer: ${rare.seconds} s`);
  });

  for (const { from, to, within } of [
    { from: 3, to: 12, within: 8 },
    { from: 12, to: 3, within: 14 },
    { from: 50, to: 80, within: 8 },
    { from: 0.5, to: 5, within: 10 },
    { from: 3, to: 0, within: 16 },
  ]) {
    test(`a step from ${from} to ${to} requests/s is followed within ${within} s, and the span begins with it`, () => {
      const before = fed(NO_SPAN, from, 600, seededRandom("before"));
      const after = fed(before, to, within, seededRandom("after"));
      const { seconds } = totalOf(after.pieces);
      assert.ok(seconds <= within + 2, `${seconds} s`);
      const rate = rateOf(after, settings)!;
      assert.ok(Math.abs(rate - to) < Math.abs(rate - from), `${rate}`);
    });
  }

  test("just after a change the rate is on the side of the one before, and comes to the mean in time", () => {
    const early = fed(fed(NO_SPAN, 3, 600, null), 12, 6, null);
    assert.ok(rateOf(early, settings)! < 12 && rateOf(early, settings)! > 6);
    const later = fed(early, 12, 60, null);
    assert.ok(Math.abs(rateOf(later, settings)! - 12) < 1.5, `${rateOf(later, settings)!}`);
    const down = fed(fed(NO_SPAN, 12, 600, null), 3, 14, null);
    assert.ok(rateOf(down, settings)! > 3, "and from above where the rate fell");
  });

  test("no arrival is lost or counted twice, however pieces are merged; and few remain", () => {
    let span = NO_SPAN;
    for (let i = 0; i < 100; i++) span = addPiece(span, { seconds: 1.8, arrivals: 3 }, settings);
    const { seconds, arrivals } = totalOf(span.pieces);
    assert.ok(Math.abs(arrivals / seconds - 3 / 1.8) < 1e-9);
    const slow = fed(NO_SPAN, 0.1, 7200, null);
    assert.ok(slow.pieces.length < 80, `${slow.pieces.length} pieces`);
  });
});
