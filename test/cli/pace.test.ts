/** The demo is played as fast as the machine allows, and says so where that is slower than usual. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { demoAtItsPace, measureRoom, paceFor, type Room } from "#shared/live/run/pace.ts";

async function played(flags: Parameters<typeof demoAtItsPace>[0], room: Room | null) {
  const said: string[] = [];
  let measured = 0;
  const measure = async () => (measured++, room!);
  return { flags: await demoAtItsPace(flags, measure, (line) => said.push(line)), said, measured };
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
    const flags = { demo: true };
    const { flags: played1, said } = await played(flags, { freeCores: 1.95, cores: 2 });
    assert.deepEqual([played1, said], [flags, []]);
  });

  test("a busy machine plays slower, fewer windows in the same time, and says so in one sentence", async () => {
    const { flags, said } = await played({ demo: true, policy: "hpa" }, BUSY);
    assert.deepEqual(flags, { demo: true, policy: "hpa", timeLapse: "4", windows: "25" });
    assert.deepEqual(said, [
      "This machine is busy: playing at 4 × instead of 10 ×, and 25 windows instead of 62. --time-lapse sets the pace yourself.",
    ]);
  });

  test("windows that were asked for are all played", async () => {
    const { flags, said } = await played({ demo: true, windows: "40" }, BUSY);
    assert.equal(flags.windows, "40");
    assert.match(said[0]!, /playing at 4 × instead of 10 ×\. /);
  });

  test("a machine that is small, not busy, is told as such", async () => {
    const { said } = await played({ demo: true }, { freeCores: 0.98, cores: 1 });
    assert.match(said[0]!, /^This machine has too few cores for more: /);
  });

  test("a time-lapse that was asked for is obeyed, and nothing is measured; nor without the demo", async () => {
    for (const flags of [{ demo: true, timeLapse: "10" }, { trace: "t.json" }]) {
      const { flags: same, said, measured } = await played(flags, null);
      assert.deepEqual([same, said, measured], [flags, [], 0]);
    }
  });
});

test("the room is measured in cores, and no more than there are", async () => {
  const { freeCores, cores } = await measureRoom(20);
  assert.ok(freeCores > 0 && freeCores <= cores + 0.5, `${freeCores} of ${cores}`);
});
