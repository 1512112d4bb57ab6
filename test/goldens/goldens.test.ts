/** A small part of what was recorded, made again: every policy on one load and one function, two trainings, all of the gateway's answers. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { gateway } from "./gateway.ts";
import { LOADS } from "./inputs.ts";
import { differences, readEntries, type Entries } from "./records.ts";
import { replayed } from "./replayed.ts";
import { evaluated, simulated } from "./simulated.ts";
import { trained } from "./trained.ts";

const SUBJECTS: Readonly<Record<string, (t: TestContext) => Promise<Entries>>> = {
  gateway,
  replayed,
  simulated,
  trained: () => trained(["ppo-corrected", "lstm-ppo-plus-paper"]),
  evaluated: () => evaluated([LOADS.at(-1)!], ["stress"]),
};

for (const [subject, make] of Object.entries(SUBJECTS)) {
  test(`goldens: ${subject}, as recorded`, async (t) => {
    const now = await make(t);
    assert.ok(Object.keys(now).length > 0);
    assert.deepEqual(differences(subject, await readEntries(subject), now), []);
  });
}
