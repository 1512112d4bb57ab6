/** What of the Kubernetes adapter needs no server. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { BackOff } from "#shared/adapters/kubernetes/back-off.ts";
import { connectKubernetes } from "#shared/adapters/kubernetes/connect.ts";
import { quantity } from "#shared/adapters/kubernetes/quantity.ts";
import { sentenceOf, statusOf } from "#shared/adapters/kubernetes/refusal.ts";
import { BadInputError } from "#shared/core/errors.ts";

describe("quantity", () => {
  for (const [text, value] of [
    ["100m", 0.1],
    ["2", 2],
    ["0.5", 0.5],
    ["12345n", 12345e-9],
    ["128Mi", 128 * 2 ** 20],
    ["1Gi", 2 ** 30],
    ["1e3", 1_000],
    ["1k", 1_000],
    ["", null],
    ["many", null],
    ["1Kb", null],
    ["--1", null],
  ] as const) {
    test(`'${text}' is ${value}`, () => {
      const got = quantity(text);
      if (value === null || got === null) assert.equal(got, value);
      else assert.ok(Math.abs(got - value) < 1e-9 * value);
    });
  }
  test("absent is no quantity", () => assert.equal(quantity(undefined), null));
});

describe("back-off", () => {
  const refused = new Error("refused");

  test("a refusal is said again without asking, for a pause that doubles up to a minute", () => {
    const backOff = new BackOff();
    let nowMs = 0;
    for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
      backOff.check("a", nowMs);
      backOff.refused("a", refused, nowMs);
      assert.throws(() => backOff.check("a", nowMs + pauseMs - 1), refused);
      nowMs += pauseMs;
    }
  });

  test("one key's refusal is not another's, and an answer ends it", () => {
    const backOff = new BackOff();
    backOff.refused("a", refused, 0);
    backOff.check("b", 1);
    backOff.answered("a");
    backOff.check("a", 1);
  });
});

describe("what a server said", () => {
  test("its own sentence, from a body that is text or parsed", () => {
    const body = { message: 'deployments.apps "x" not found' };
    for (const given of [body, JSON.stringify(body)]) {
      const thrown = Object.assign(new Error("HTTP-Code: 404 …"), { code: 404, body: given });
      assert.equal(statusOf(thrown), 404);
      assert.equal(
        sentenceOf(thrown, "https://k"),
        'Kubernetes at https://k answered 404: deployments.apps "x" not found',
      );
    }
  });

  test("silence is not an answer", () => {
    const thrown = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    assert.equal(statusOf(thrown), null);
    assert.equal(sentenceOf(thrown, "https://k"), "Kubernetes at https://k did not answer: connect ECONNREFUSED");
  });
});

describe("connecting", () => {
  const config = (token: string) =>
    JSON.stringify({
      clusters: [{ name: "c", cluster: { server: "https://10.0.0.1" } }],
      users: [{ name: "u", user: { token } }],
      contexts: [{ name: "one", context: { cluster: "c", user: "u" } }],
      "current-context": "one",
    });
  const refusals: readonly [string, Parameters<typeof connectKubernetes>[0], RegExp][] = [
    ["a file that is not there", { kubeconfigFile: "/nowhere" }, /kubeconfig '\/nowhere' cannot be read: no such file/],
    ["a secret that is none", { kubeconfig: "s3cret: [" }, /^the secret kubeconfig cannot be read as a kubeconfig$/],
    ["an unknown context", { kubeconfig: config("t"), context: "two" }, /has no context 'two', it has: one$/],
    ["no cluster", { kubeconfig: "{}" }, /names no cluster in its current context$/],
    ["nothing at all", {}, /neither a secret kubeconfig, nor KUBECONFIG, nor a service account/],
  ];
  for (const [what, address, sentence] of refusals) {
    test(`${what} is refused in one sentence`, async () => {
      await assert.rejects(connectKubernetes(address), (thrown: Error) => {
        assert.ok(thrown instanceof BadInputError);
        assert.match(thrown.message, sentence);
        assert.ok(!thrown.message.includes("s3cret"));
        return true;
      });
    });
  }

  test("any context of a kubeconfig", async () => {
    const kubernetes = await connectKubernetes({ kubeconfig: config("t"), context: "one" });
    assert.equal(kubernetes.server, "https://10.0.0.1");
  });
});
