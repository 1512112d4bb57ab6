/** The shipped checkpoints: whole, honest about how they were made, and made again by their own command. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { fileModelStore } from "#shared/adapters/model-store.ts";
import { LearnedPolicy } from "#shared/policies/learned.ts";
import { decodeCheckpoint } from "#shared/rl/checkpoint/decode.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { settingsOf } from "#shared/rl/agents.ts";
import { taskNamed } from "#shared/task/task.ts";
import { answerTo, aWindow } from "#test/support/policies.ts";
import { runCommand, temporaryFolder } from "#test/support/command.ts";
import { kernelBytes } from "#test/support/kernel.ts";

const folder = join(import.meta.dirname, "../../shared/models");
const load = async (place: string) => decodeCheckpoint(await fileModelStore(place).read(null));
const entries = await readdir(folder, { withFileTypes: true });
const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);

test("models: each agent as published and corrected, and the product's", () => {
  const agents = ["lstm-ppo", "lstm-ppo-plus", "ppo"];
  const wanted = agents.flatMap((agent) => [`${agent}-corrected`, `${agent}-paper`]);
  assert.deepEqual(names.sort(), [...wanted, "lstm-ppo-plus-product"].sort());
});

for (const name of names) {
  test(`models: ${name} is what its record says, and proposes`, async () => {
    const { record, weights, continuation } = await load(join(folder, name));
    const { agent, form, hyperparameters } = record.settings;
    assert.equal(name, `${agent}-${form}`);
    assert.deepEqual(record.settings, settingsOf(agent, form));
    assert.equal(continuation, null);
    assert.equal(
      record.command,
      `replicant train --agent ${agent} --objective ${form} --steps ${record.totalSteps} --seed 1 --serving-only --out shared/models/${name}`,
    );
    const policy = new LearnedPolicy({
      identity: { name, version: "shipped" },
      engine: createWasmEngine(await kernelBytes, record.network, weights),
      statistics: record.statistics,
      maskActions: hyperparameters.maskActions,
      task: taskNamed(record.settings),
    });
    for (let seq = 1; seq <= 5; seq++) {
      const { proposedReplicas, learned } = answerTo(policy, aWindow(seq, { arrivals: 60 * seq }));
      assert.ok(Number.isInteger(proposedReplicas) && proposedReplicas >= 1);
      assert.ok(Number.isFinite(learned!.value));
    }
  });
}

for (const name of ["lstm-ppo-paper", "lstm-ppo-plus-product"]) {
  test(`models: the first round of ${name}'s command gives the same weights again`, async (t) => {
    const { record } = await load(join(folder, name));
    const out = join(await temporaryFolder(t), "again");
    const words = record.command.split(" ").slice(1);
    const shortened = words.map((word, i) =>
      words[i - 1] === "--steps" ? "1" : words[i - 1] === "--out" ? out : word,
    );
    const { code, stderr } = await runCommand(t, shortened);
    assert.equal(code, 0, stderr);
    assert.deepEqual((await load(out)).record.early, record.early);
  });
}
