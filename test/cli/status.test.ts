/** `replicant status`: alive is not enough. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { FunctionGateway, FunctionStatus } from "#shared/ports/function-gateway.ts";
import { anApplied } from "#test/support/a-decision.ts";
import { askBudgets } from "#shared/live/budgets.ts";
import { explanation } from "#services/cli/explain.ts";
import { statusTable } from "#services/cli/status.ts";
import { statusOf } from "#shared/live/status.ts";

const aFunction = (name: string, changes: Partial<FunctionStatus> = {}): FunctionStatus => ({
  ...{ name, namespace: "openfaas-fn", image: "i", replicas: 1, availableReplicas: 1 },
  ...{ labels: {}, annotations: {}, limits: {}, requests: {} },
  ...changes,
});
const parts = ["metrics-collector", "connector", "policy-inference", "scaler"].map((name) => aFunction(name));
const stress = aFunction("stress", { annotations: { "replicant.policy": "kpa" } });

function aGateway(functions: readonly FunctionStatus[], answers: Record<string, object | number | Error> = {}) {
  const well = { part: "p", state: "running", bus: "connected", health: { ok: true, problems: [], warnings: [] } };
  const gateway: FunctionGateway = {
    list: async () => functions,
    ask: async (name) => {
      const answer = answers[name] ?? well;
      if (answer instanceof Error) throw answer;
      if (typeof answer === "number") return { status: answer, body: '{"state":"starting"}' };
      return { status: 200, body: JSON.stringify(answer) };
    },
    invoke: async () => assert.fail("status only asks"),
  };
  return gateway;
}

describe("status", () => {
  test("a whole loop is well; each part says what it last did for whom", async () => {
    const ages = { stress: { window: 12.3, decision: null } };
    const told = await statusOf(aGateway([stress, ...parts], { scaler: { bus: "connected", decisions: 7, ages } }));
    assert.deepEqual(
      told.map(({ isWell }) => isWell),
      [true, true, true, true, true],
    );
    const lines = statusTable(told);
    assert.match(lines[0]!, /^stress +1\/1 {2}ok +managed: kpa, 95 % within 3 s$/);
    assert.match(lines.at(-2)!, /^scaler +1\/1 {2}ok +bus connected, decisions 7$/);
    assert.match(lines.at(-1)!, /^ +stress: last window 12\.3 s ago, last decision never$/);
  });

  test("a part that is alive and does nothing is not healthy, with its sentence", async () => {
    const health = { ok: false, problems: ["no window of 'stress' for 140 s"], warnings: ["the clock is 3 s ahead"] };
    const told = await statusOf(aGateway([stress, ...parts], { connector: { bus: "connected", health } }));
    assert.deepEqual(
      told.filter(({ isWell }) => !isWell).map(({ name, health: word }) => [name, word]),
      [["connector", "not healthy"]],
    );
    const lines = statusTable(told);
    assert.ok(lines.some((line) => /^ +problem: no window of 'stress' for 140 s$/.test(line)));
    assert.ok(lines.some((line) => /^ +warning: the clock is 3 s ahead$/.test(line)));
  });

  test("a function shows what it has used of its budget, and the collector what its buckets allow", async () => {
    const collector = {
      ...{ bus: "connected", managed: ["stress"], notes: ["'stress': its buckets end at 10 s"] },
      budgets: { stress: { share: 0.031, requests: 9, words: "3.1 % of 5 % used in the last 12 min" } },
    };
    const lines = statusTable(await statusOf(aGateway([stress, ...parts], { "metrics-collector": collector })));
    assert.match(lines[1]!, /^ +3\.1 % of 5 % used in the last 12 min$/);
    assert.match(lines[3]!, /^ +note: 'stress': its buckets end at 10 s$/);
  });

  for (const { name, answer, word } of [
    { name: "does not answer", answer: new Error("socket hang up"), word: "does not answer" },
    { name: "starts", answer: 503, word: "starting" },
    { name: "answers nonsense", answer: 502, word: "HTTP 502" },
  ]) {
    test(`a part that ${name} is not well`, async () => {
      const told = await statusOf(aGateway([stress, ...parts], { scaler: answer }));
      assert.deepEqual(
        told.filter(({ isWell }) => !isWell).map(({ health }) => health),
        [word],
      );
    });
  }

  test("a part without which nothing is decided is missed where a function is managed, and only there", async () => {
    const told = await statusOf(aGateway([stress, ...parts.slice(1)]));
    assert.deepEqual(
      told.filter(({ isWell }) => !isWell).map(({ problems }) => problems),
      [["metrics-collector is not deployed"]],
    );
    assert.ok((await statusOf(aGateway([aFunction("plain")]))).every(({ isWell }) => isWell));
  });

  test("a function at zero is idle; one that cannot start is not well", async () => {
    const idle = aFunction("idle", { replicas: 0, availableReplicas: 0 });
    const stuck = aFunction("stuck", { availableReplicas: 0 });
    assert.deepEqual(
      (await statusOf(aGateway([idle, stuck]))).map(({ health, isWell }) => [health, isWell]),
      [
        ["idle at zero", true],
        ["not ready", false],
      ],
    );
  });
});

describe("explain", () => {
  test("a decision is shown with what its function has used of its budget by now, where that is reported", async () => {
    const collector = { budgets: { stress: { words: "3.1 % of 5 % used in the last 12 min" } } };
    const budgets = await askBudgets(aGateway([], { "metrics-collector": collector }));
    assert.equal(
      explanation(anApplied(), budgets["stress"]!).at(-1),
      "SLO of stress now: 3.1 % of 5 % used in the last 12 min",
    );
    assert.deepEqual(await askBudgets(aGateway([], { "metrics-collector": new Error("away") })), {});
    assert.ok(!explanation(anApplied(), null).join().includes("SLO"));
  });
});
