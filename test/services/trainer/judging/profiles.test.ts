/** Which profile the simulator is given for a function. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { BadInputError } from "#shared/core/errors.ts";
import { PROFILE_KIND, type ProfileDocument } from "#shared/sim/calibration/profile-document.ts";
import { simProfile } from "#shared/sim/profiles.ts";
import { around } from "#test/support/around.ts";
import { baseProfile, readProfiles } from "#services/trainer/judging/profiles.ts";

let folder: string;
around(
  async () => (folder = await mkdtemp(join(tmpdir(), "replicant-profiles-"))),
  () => rm(folder, { recursive: true }),
);

const measured = simProfile("stress", { parameters: { startMedianSeconds: 7 } });
const refused = (message: RegExp) => (thrown: unknown) =>
  thrown instanceof BadInputError && message.test(thrown.message);

test("a function's own where there is one, measured at the time-lapse of its windows; else the built-in", async () => {
  const file = join(folder, "shop.json");
  const document: ProfileDocument = { kind: PROFILE_KIND, version: 1, timeLapse: 20, profile: measured, fits: [] };
  await writeFile(file, JSON.stringify(document));
  await writeFile(join(folder, "notes.txt"), "no profile");
  const profiles = await readProfiles(folder);
  assert.deepEqual([...profiles.keys()], ["shop"]);
  const own = baseProfile(profiles, { functionName: "shop", timeLapse: 20 });
  assert.deepEqual(own, { profile: measured, origin: file });
  const builtIn = simProfile("stress");
  const others = baseProfile(profiles, { functionName: "other", timeLapse: 20 });
  assert.deepEqual(others, { profile: builtIn, origin: "built-in 'stress'" });
  const unfit = baseProfile(profiles, { functionName: "shop", timeLapse: 1 });
  const origin = `built-in 'stress': ${file} was measured at time-lapse 20, not 1`;
  assert.deepEqual(unfit, { profile: builtIn, origin });
});

test("no folder, no profiles; a folder or a file that cannot be used is named", async () => {
  assert.equal((await readProfiles(null)).size, 0);
  await assert.rejects(readProfiles("/nowhere"), refused(/TRAINER_PROFILES: '\/nowhere' cannot be read/));
  await writeFile(join(folder, "bad.json"), "{}");
  await assert.rejects(readProfiles(folder), refused(/bad\.json: is none that 'replicant calibrate' wrote/));
});
