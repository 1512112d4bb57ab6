/** One answer of the server for all that was said in one turn. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { confirmations } from "#shared/adapters/nats/confirmations.ts";
import { ManualClock } from "#test/support/manual-clock.ts";

const aTurn = () => new Promise(setImmediate);

/** A server that answers on request. */
function server() {
  const asked: { answer(): void; refuse(): void }[] = [];
  const ask = () =>
    new Promise<void>((resolve, reject) => {
      asked.push({ answer: resolve, refuse: () => reject(new Error("gone")) });
    });
  return { asked, ask };
}

suite("confirmations", () => {
  test("a hundred in one turn ask once, and none before the turn is over", async () => {
    const { asked, ask } = server();
    const next = confirmations(ask, new ManualClock());
    const waiting = Promise.all(Array.from({ length: 100 }, async () => next(1_000)));
    await Promise.resolve();
    assert.equal(asked.length, 0);
    await aTurn();
    assert.equal(asked.length, 1);
    asked[0]!.answer();
    await waiting;
  });

  test("who asks while an answer is under way is not confirmed by it", async () => {
    const { asked, ask } = server();
    const next = confirmations(ask, new ManualClock());
    const first = next(1_000);
    await aTurn();
    let isConfirmed = false;
    const second = next(1_000).then(() => (isConfirmed = true));
    asked[0]!.answer();
    await first;
    await aTurn();
    assert.equal(isConfirmed, false);
    asked[1]!.answer();
    await second;
  });

  test("the least patient of a turn is not kept waiting by the others", async () => {
    const clock = new ManualClock();
    const next = confirmations(server().ask, clock);
    const outcomes = Promise.allSettled([next(2_000), next(300), next(5_000)]);
    await aTurn();
    await clock.advance(300);
    const because = (await outcomes).map((one) => one.status === "rejected" && (one.reason as Error).message);
    assert.deepEqual(because, Array<string>(3).fill("the server did not answer in time"));
  });

  test("a refusal reaches all of its turn, and nobody of the next", async () => {
    const { asked, ask } = server();
    const next = confirmations(ask, new ManualClock());
    const refused = Promise.all([assert.rejects(next(1_000), /gone/), assert.rejects(next(1_000), /gone/)]);
    await aTurn();
    asked[0]!.refuse();
    await refused;
    const later = next(1_000);
    await aTurn();
    asked[1]!.answer();
    await later;
  });
});
