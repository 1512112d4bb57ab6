import assert from "node:assert/strict";
import { test } from "node:test";

import { evaluate } from "#test/support/learning/evaluate.ts";
import type { AgentName } from "#shared/rl/agents.ts";
import { identityEnvironment, maskedEnvironment, memoryEnvironment } from "#test/support/learning/environments.ts";
import { SMALL, SMALL_MEMORY, trained } from "#test/support/learning/train.ts";

const change = (agent: AgentName) => (agent === "ppo" ? SMALL : SMALL_MEMORY);

for (const { agent } of [{ agent: "ppo" }, { agent: "lstm-ppo" }, { agent: "lstm-ppo-plus" }] as const) {
  test(`learning: ${agent} solves the identity environment`, async () => {
    const { engine } = await trained(agent, () => identityEnvironment(4), {
      totalSteps: 8_000,
      seed: 3,
      // What is shown next does not depend on what was done: a long sight would only add noise.
      change: { ...change(agent), discount: 0.3 },
    });
    const { meanReturn } = evaluate(engine, identityEnvironment(4), { episodes: 20, seed: 7 });
    assert.ok(meanReturn > 9.5, `of 10 a episode it reached ${meanReturn}`);
  });
}

for (const { agent } of [{ agent: "lstm-ppo" }, { agent: "lstm-ppo-plus" }] as const) {
  test(`learning: ${agent} remembers what it saw`, async () => {
    const { engine } = await trained(agent, () => memoryEnvironment(), {
      totalSteps: 10_000,
      seed: 3,
      change: change(agent),
    });
    const { meanReturn } = evaluate(engine, memoryEnvironment(), { episodes: 60, seed: 7 });
    assert.ok(meanReturn > 0.95, `of 1 an episode it reached ${meanReturn}`);
  });
}

test("learning: ppo, without memory, cannot do better than chance there", async () => {
  const { engine } = await trained("ppo", () => memoryEnvironment(), { totalSteps: 10_000, seed: 3, change: SMALL });
  const { meanReturn } = evaluate(engine, memoryEnvironment(), { episodes: 200, seed: 7 });
  assert.ok(meanReturn < 0.65, `without lstmState it reached ${meanReturn}`);
});

test("learning: masked actions are never tried, and what is left is learned", async () => {
  const { engine, rounds } = await trained("lstm-ppo-plus", () => maskedEnvironment(5), {
    totalSteps: 3_000,
    seed: 3,
    change: { ...SMALL_MEMORY, maskActions: true },
  });
  for (const { report } of rounds) assert.ok(report.meanReturn === null || report.meanReturn >= 0);
  const { meanReturn } = evaluate(engine, maskedEnvironment(5), { episodes: 5, seed: 7, maskActions: true });
  assert.equal(meanReturn, 10);
});
