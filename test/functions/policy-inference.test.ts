import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { memoryBus } from "#test/support/memory-bus.ts";
import { BadInputError } from "#shared/core/errors.ts";
import type { PolicyFactory } from "#shared/core/policy.ts";
import type { MetricsWindow } from "#shared/core/window.ts";
import { encodeEvent, makeEvent } from "#shared/events/codec.ts";
import type { ReplicantEvent, WindowClosed } from "#shared/events/types.ts";
import type { FunctionEvent } from "#shared/host/handler.ts";
import { Activity } from "#shared/host/activity.ts";
import type { Verdict } from "#shared/host/signature.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { eventually } from "#test/support/eventually.ts";
import { answerWindows } from "#functions/policy-inference/answer.ts";
import {
  createInference,
  previewRules,
  type Inference,
  type InferenceResult,
} from "#functions/policy-inference/inference.ts";
import { rulesOnly, type Assigning } from "#functions/policy-inference/rules.ts";

/** Remembers: proposes the sum of all arrivals it was shown, so that a lost or doubled window shows. */
const summing: PolicyFactory = () => {
  let sum = 0;
  return {
    identity: { name: "summing", version: "1" },
    propose: ({ window }) => ({ proposedReplicas: (sum += window.arrivals), because: "all arrivals so far" }),
  };
};

const policies = assigning((name) => {
  if (name === "summing") return summing;
  throw new BadInputError(`no policy is called '${name}'`);
});

function assigning(policyByName: (name: string) => PolicyFactory): Assigning {
  return {
    of: async ({ policy, mode }) => ({
      key: policy,
      make: policyByName(policy),
      mode,
      isAdvice: false,
      withheld: null,
    }),
  };
}

function closed(seq: number, changes: Partial<MetricsWindow> = {}): WindowClosed {
  const history = Array.from({ length: seq - 1 }, (_, index) => aWindow({ seq: index + 1, arrivals: index + 1 }));
  return { managed: aManaged({ policy: "summing" }), window: aWindow({ seq, arrivals: seq, ...changes }), history };
}

const inferenceWith = (assignments: Assigning) => createInference({ assignments, nowMs: () => 0 });
const step = async (inference: Inference, ...windows: WindowClosed[]) =>
  proposed((await inference.step(windows)).at(-1)!);
const proposed = (result: InferenceResult) => (result.kind === "proposal" ? result.proposal.proposedReplicas : null);

describe("inference", () => {
  test("a chain of windows goes on only within a generation", async () => {
    const inference = inferenceWith(policies);
    const ofB = (seq: number): WindowClosed => ({ ...closed(seq, { generation: "b" }), history: [] });
    assert.equal(await step(inference, closed(1)), 1);
    assert.equal(await step(inference, closed(2)), 3);
    assert.equal(await step(inference, ofB(3)), 3);
    assert.equal(await step(inference, ofB(4)), 7);
    // The same number again is another window.
    assert.equal(await step(inference, { ...closed(4, { generation: "c" }), history: [] }), 4);
  });

  test("the proposal's id names the generation", async () => {
    const [result] = await inferenceWith(policies).step([closed(1, { generation: "b" })]);
    assert.ok(result?.kind === "proposal");
    assert.equal(result.proposal.decisionId, "stress@b.30000");
    assert.equal(result.proposal.generation, "b");
  });

  test("a policy sees the range that the platform gives; what it proposes is its own affair", async () => {
    const highest: PolicyFactory = () => ({
      identity: { name: "highest", version: "1" },
      propose: ({ managed }) => ({ proposedReplicas: managed.maxReplicas, because: "as many as there may be" }),
    });
    const inference = inferenceWith(assigning(() => highest));
    assert.equal(await step(inference, closed(1)), 12);
    const on = { ...closed(2), managed: aManaged({ platform: { minReplicas: 1, maxReplicas: 5 } }) };
    assert.equal(await step(inference, on), 5);
  });

  test("steps from window to window", async () => {
    const inference = inferenceWith(policies);
    for (const [seq, sum] of [
      [1, 1],
      [2, 3],
      [3, 6],
      [4, 10],
    ] as const)
      assert.equal(await step(inference, closed(seq)), sum);
  });

  test("a window seen twice is answered twice and counted once", async () => {
    const inference = inferenceWith(policies);
    await inference.step([closed(1)]);
    assert.equal(await step(inference, closed(2)), 3);
    assert.equal(await step(inference, closed(2)), 3);
    assert.equal(await step(inference, closed(3)), 6);
  });

  test("two windows of one function in one call are two steps", async () => {
    const inference = inferenceWith(policies);
    assert.deepEqual((await inference.step([closed(1), closed(2), closed(2)])).map(proposed), [1, 3, 3]);
  });

  test("after a restart the history is replayed to the same proposal", async () => {
    const before = inferenceWith(policies);
    const steps: InferenceResult[] = [];
    for (const seq of [1, 2, 3, 4, 5]) steps.push(...(await before.step([closed(seq)])));
    assert.deepEqual(await inferenceWith(policies).step([closed(5)]), [steps[4]]);
  });

  test("a gap in the windows is bridged by the history", async () => {
    const inference = inferenceWith(policies);
    await inference.step([closed(1)]);
    assert.equal(await step(inference, closed(4)), 10);
  });

  test("a rule is previewed as it would propose", async () => {
    const inference = createInference({ assignments: rulesOnly, nowMs: () => 0 });
    const one = { ...closed(3), managed: aManaged({ policy: "hpa:cpu=40" }) };
    assert.deepEqual(await previewRules([one]), await inference.step([one]));
  });

  test("a window without arrivals gets no proposal, but keeps the chain", async () => {
    const inference = inferenceWith(policies);
    await inference.step([closed(1)]);
    const [result] = await inference.step([closed(2, { arrivals: null, missing: ["arrivals"] })]);
    assert.deepEqual(result, { kind: "no-data", functionName: "stress", seq: 2, missing: ["arrivals"] });
    assert.equal(await step(inference, closed(3)), 4);
  });

  test("one policy that cannot be used does not keep the others from their answers", async () => {
    const strange = { ...closed(1), managed: aManaged({ policy: "oracle-of-delphi" }) };
    const other = { ...closed(1), window: aWindow({ functionName: "other", seq: 1, arrivals: 7 }) };
    const [refused, answered] = await inferenceWith(policies).step([strange, other]);
    assert.deepEqual(refused, {
      kind: "refused",
      functionName: "stress",
      seq: 1,
      because: "no policy is called 'oracle-of-delphi'",
    });
    assert.equal(proposed(answered!), 7);
  });
});

describe("policy-inference over HTTP", () => {
  const anEvent = (data: WindowClosed, subject: string) =>
    makeEvent("window", { source: "metrics-collector", subject, key: data.window.endedAtMs, nowMs: 0, data });
  const aCall = (body: string): FunctionEvent => ({
    body: Buffer.from(body),
    headers: { "content-type": "application/json" },
    method: "POST",
    query: {},
    path: "/",
  });
  const text = (data: WindowClosed, subject = "stress") => Buffer.from(encodeEvent(anEvent(data, subject))).toString();

  const judged = (verdict: Verdict) => ({ verdict, once: Promise.resolve(verdict) });

  async function post(body: string, verdict: Verdict) {
    const bus = memoryBus();
    const heard: ReplicantEvent<"proposal">[] = [];
    await bus.subscribe("proposal", async (event) => void heard.push(event));
    const deps = {
      inference: inferenceWith(policies),
      bus,
      judge: () => judged(verdict),
      nowMs: () => 0,
      activity: new Activity(() => 0),
    };
    const answer = await answerWindows(aCall(body), deps);
    return { answer, heard, bus };
  }

  test("a signed window is answered and published", async () => {
    const { answer, heard, bus } = await post(text(closed(2)), { ok: true });
    assert.equal(answer.status, 200);
    await eventually(() => heard.length === 1);
    assert.equal(heard[0]!.id, "stress@60000/proposal");
    assert.equal(heard[0]!.data.proposal.decisionId, "stress@60000");
    assert.equal(heard[0]!.data.proposal.proposedReplicas, 3);
    await bus.close();
  });

  test("an unsigned window is answered by its rule and not published", async () => {
    const rule = { ...closed(2), managed: aManaged({ policy: "fixed:7" }) };
    const { answer, heard, bus } = await post(text(rule), { ok: false, because: "the call is not signed" });
    await bus.close();
    assert.equal(answer.status, 200);
    assert.deepEqual(heard, []);
    const body = answer.body as {
      published: boolean;
      because: string;
      results: { proposal: { proposedReplicas: number } }[];
    };
    assert.equal(body.published, false);
    assert.equal(body.because, "the call is not signed");
    assert.equal(body.results[0]!.proposal.proposedReplicas, 7);
  });

  test("a list of windows is answered as a list", async () => {
    const other = {
      ...closed(1),
      managed: aManaged({ functionName: "other", policy: "summing" }),
      window: aWindow({ functionName: "other", seq: 1, arrivals: 7 }),
    };
    const { answer, heard, bus } = await post(`[${text(closed(1))},${text(other, "other")}]`, { ok: true });
    await eventually(() => heard.length === 2);
    assert.equal((answer.body as { results: unknown[] }).results.length, 2);
    await bus.close();
  });

  test("an unknown policy is named, and nothing is published", async () => {
    const strange = { ...closed(1), managed: aManaged({ policy: "oracle-of-delphi" }) };
    const { answer, heard, bus } = await post(text(strange), { ok: true });
    await bus.close();
    assert.equal(answer.status, 422);
    assert.deepEqual(answer.body, { error: "no policy is called 'oracle-of-delphi'" });
    assert.deepEqual(heard, []);
  });

  test("windows of one function that name two policies in one call are refused", async () => {
    const two = [text(closed(1)), text({ ...closed(2), managed: aManaged({ policy: "hpa" }) })];
    const { answer, heard, bus } = await post(`[${two.join(",")}]`, { ok: true });
    await bus.close();
    assert.equal(answer.status, 400);
    const error = "the windows of 'stress' name two policies in one call: 'summing' and 'hpa'";
    assert.deepEqual(answer.body, { error });
    assert.deepEqual(heard, []);
  });

  test("an event that is about two functions is refused", async () => {
    const other = { ...closed(1), window: aWindow({ functionName: "other", seq: 1 }) };
    const { answer, bus } = await post(text(other), { ok: true });
    await bus.close();
    assert.equal(answer.status, 400);
  });

  test("a signature that does not hold is refused with the reason, and nothing is computed", async () => {
    const bus = memoryBus();
    const refused = { ok: false, because: "the signature is wrong" } as const;
    const deps = {
      inference: { ...inferenceWith(policies), step: () => assert.fail("stepped") },
      bus,
      judge: () => judged(refused),
      nowMs: () => 0,
      activity: new Activity(() => 0),
    };
    const call = aCall("{");
    const answer = await answerWindows({ ...call, headers: { "x-replicant-signature": "v2=00" } }, deps);
    await bus.close();
    assert.equal(answer.status, 401);
    assert.match(JSON.stringify(answer.body), /"published":false/);
  });

  for (const [name, body] of [
    ["no JSON", "{"],
    ["another event", '{"specversion":"1.0"}'],
    ["an empty body", ""],
  ] as const) {
    test(`${name} is refused with one sentence`, async () => {
      const { answer, bus } = await post(body, { ok: true });
      await bus.close();
      assert.equal(answer.status, 400);
      assert.match((answer.body as { error: string }).error, /^replicant\.window: /);
    });
  }

  test("when the bus is away the caller is asked to come again", async () => {
    const bus = memoryBus();
    await bus.close();
    const deps = {
      inference: inferenceWith(policies),
      bus,
      judge: () => judged({ ok: true }),
      nowMs: () => 0,
      activity: new Activity(() => 0),
    };
    const answer = await answerWindows(aCall(text(closed(1))), deps);
    assert.equal(answer.status, 503);
  });
});
