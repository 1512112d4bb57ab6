/**
 * Everything that was recorded, made again and compared: `node --import tsx test/goldens/main.ts`, with a built `dist/`. Ends with 1
 * where a number is not the recorded one. `--write` records anew: only for a change that is meant to change numbers.
 */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { gateway } from "./gateway.ts";
import { LOADS, MODELS, PROFILES } from "./inputs.ts";
import { differences, readEntries, writeEntries, type Entries } from "./records.ts";
import { live, replayed } from "./replayed.ts";
import { evaluated, simulated } from "./simulated.ts";
import { trained } from "./trained.ts";

const isWriting = process.argv.includes("--write");

const SUBJECTS: Readonly<Record<string, (t: TestContext) => Promise<Entries>>> = {
  gateway,
  replayed,
  live,
  simulated,
  trained: () => trained(MODELS),
  evaluated: () => evaluated(LOADS, PROFILES),
};

for (const [subject, make] of Object.entries(SUBJECTS)) {
  test(`goldens: ${subject}`, async (t) => {
    const now = await make(t);
    if (isWriting) return writeEntries(subject, now);
    const recorded = await readEntries(subject);
    assert.deepEqual(Object.keys(now).sort(), Object.keys(recorded).sort());
    assert.deepEqual(differences(subject, recorded, now), []);
  });
}
