/** The demo is played as fast as the machine allows, and says so where that is slower than usual. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { demoPace, measureRoom, paceFor, type Room } from "#shared/live/run/pace.ts";

async function played(windows: number | null, room: Room) {
  const said: string[] = [];
  return {
    pace: await demoPace(
      windows,
      async () => room,
      (line) => said.push(line),
    ),
    said,
  };
}

const BUSY: Room = { freeCores: 1, cores: 2 };

describe("the pace of the demo", () => {
  test("falls with the room there is, and never below the slowest", () => {
    const paces = [4, 2, 1.6, 1.4, 1, 0.8, 0.3, 0].map((freeCores) => paceFor({ freeCores }));
    assert.deepEqual(paces, [10, 10, 10, 8, 4, 2, 2, 2]);
    assert.deepEqual(
      paces,
      paces.toSorted((a, b) => b - a),
    );
  });

  test("is the usual one, without a word, where there is room", async () => {
    const { pace, said } = await played(null, { freeCores: 1.95, cores: 2 });
    assert.deepEqual([pace, said], [{ timeLapse: 10, windows: 62 }, []]);
  });

  test("a busy machine plays slower, fewer windows in the same time, and says so in one sentence", async () => {
    const { pace, said } = await played(null, BUSY);
    assert.deepEqual(pace, { timeLapse: 4, windows: 25 });
    assert.deepEqual(said, [
      "This machine is busy: playing at 4 × instead of 10 ×, and 25 windows instead of 62. --time-lapse sets the pace yourself.",
    ]);
  });

  test("windows that were asked for are all played", async () => {
    const { pace, said } = await played(40, BUSY);
    assert.equal(pace.windows, 40);
    assert.match(said[0]!, /playing at 4 × instead of 10 ×\. /);
  });

  test("a machine that is small, not busy, is reported as such", async () => {
    const { said } = await played(null, { freeCores: 0.98, cores: 1 });
    assert.match(said[0]!, /^This machine has too few cores for more: /);
  });
});

test("the room is measured in cores, and no more than there are", async () => {
  const { freeCores, cores } = await measureRoom(20);
  assert.ok(freeCores > 0 && freeCores <= cores + 0.5, `${freeCores} of ${cores}`);
});
