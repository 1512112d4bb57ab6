/** What a platform does to a scaler: it holds, never goes below the last safe count, says why, and goes on without a restart. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test, type TestContext } from "node:test";

import fc from "fast-check";

import type { Kubernetes } from "#shared/adapters/kubernetes/connect.ts";
import { kubernetesScaleTarget } from "#shared/adapters/kubernetes/scale-target.ts";
import { MemoryScaleTarget } from "#test/support/memory-scale-target.ts";
import { openfaasGateway } from "#shared/adapters/openfaas/function-gateway.ts";
import { openfaasManagedFunctions } from "#shared/adapters/openfaas/managed-functions.ts";
import { openfaasScaleTarget } from "#shared/adapters/openfaas/scale-target.ts";
import { ManualClock } from "#test/support/manual-clock.ts";
import { decodeEvent, encodeEvent, makeEvent } from "#shared/events/codec.ts";
import { record } from "#test/support/faults/figures.ts";
import { planOf } from "#test/support/faults/plan.ts";
import { MANAGED, startScalerWorld } from "#test/support/faults/scaler-world.ts";
import { aProposal } from "#test/support/a-decision.ts";
import { aWindow } from "#test/support/a-window.ts";

const SEED = "scaler-1";
const FAULT_WINDOWS = 3;

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A gateway of one function, over HTTP; a fault answers in its place. */
async function aGateway(t: TestContext) {
  const state = { replicas: 4, fault: null as Answer | null, posts: 0, beforePost: null as (() => void) | null };
  const annotations = { "replicant.mode": "auto", "replicant.max": "12", "replicant.target-in-flight": "2" };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += String(part)));
    request.on("end", () => {
      if (request.method === "POST") state.posts++;
      if (state.fault !== null) return state.fault(request, response);
      if (request.method === "POST") {
        state.replicas = (JSON.parse(body) as { replicas: number }).replicas;
        return response.writeHead(202).end();
      }
      const { replicas } = state;
      const one = { name: "stress", namespace: "openfaas-fn", replicas, availableReplicas: replicas, annotations };
      response.end(JSON.stringify(request.url === "/system/functions" ? [one] : one));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const address = { url, user: null, password: null, timeoutMs: 150 };
  const functions = openfaasManagedFunctions(openfaasGateway(address));
  return { state, functions, target: openfaasScaleTarget(address), replicas: () => state.replicas };
}

const GATEWAY_FAULTS: Readonly<Record<string, Answer>> = {
  "answers 500": (_request, response) => void response.writeHead(500).end("out of order"),
  "accepts and never answers": () => {},
  "closes without an answer": (request) => void request.socket.destroy(),
  "answers half": (request, response) => {
    response.writeHead(200, { "Content-Length": 200 });
    response.write('{"name":"stress","repl');
    setImmediate(() => request.socket.destroy());
  },
  "answers something else": (_request, response) => void response.end("<html>welcome</html>"),
  "answers an empty body": (_request, response) => void response.end(),
};

describe("a gateway", () => {
  test("that fails in every way: counts stay, with a sentence, and move again when it is well", async (t) => {
    const gateway = await aGateway(t);
    const { state } = gateway;
    const world = await startScalerWorld(t, gateway);
    const { scaler } = await world.start();
    for (let n = 0; n < 6; n++) await world.window(4);
    for (const name of planOf(SEED, Object.keys(GATEWAY_FAULTS))) {
      const safe = state.replicas;
      const said = world.said.length;
      state.fault = GATEWAY_FAULTS[name]!;
      for (const proposed of [1, 9, 1].slice(0, FAULT_WINDOWS)) {
        const decision = await world.window(proposed);
        assert.equal(decision.desired, safe, `${name}: ${decision.reason}`);
        assert.match(decision.reason, /held: the platform did not answer with its replica count/);
      }
      assert.equal(state.replicas, safe, name);
      assert.match(scaler.status().lastProblem!, /stress/, `${name}: the status has a sentence`);
      assert.doesNotMatch(scaler.status().lastProblem!, /Unexpected|undefined/, name);
      assert.ok(world.said.length > said, `${name}: the log has a sentence`);
      state.fault = null;
      const wanted = safe === 4 ? 6 : safe + 1;
      const decision = await world.window(wanted);
      assert.equal(decision.applied, wanted, `${name}: ${decision.reason}`);
      record(import.meta.filename, { tried: 1, held: 1, recoveryWindows: 1, scaleDownsOnMissing: 0 });
    }
  });

  test("that fails between the request and the read-back: it may have happened, and the next window sees", async (t) => {
    const gateway = await aGateway(t);
    const { state } = gateway;
    const world = await startScalerWorld(t, gateway);
    await world.start();
    for (let n = 0; n < 6; n++) await world.window(4);
    const { target } = gateway;
    state.fault = null;
    const before = state.posts;
    let isArmed = true;
    const plain = target.scale.bind(target);
    Object.assign(target, {
      scale: async (...args: Parameters<typeof plain>) => {
        if (!isArmed) return plain(...args);
        isArmed = false;
        state.replicas = args[2];
        throw new Error("the gateway did not answer for 'stress'");
      },
    });
    const lost = await world.window(6);
    assert.deepEqual([lost.applied, lost.desired], [null, 6]);
    const next = await world.window(6);
    assert.deepEqual([next.current, next.desired], [6, 6]);
    assert.equal(state.posts, before);
  });
});

describe("another writer", () => {
  for (const { name, arm } of [
    { name: "before the read", arm: (target: MemoryScaleTarget) => target.set("stress", 1) },
    {
      name: "between read and write",
      arm: (target: MemoryScaleTarget) => (target.beforeWrite = () => target.set("stress", 1)),
    },
    {
      name: "between write and read-back",
      arm: (target: MemoryScaleTarget) => (target.afterWrite = () => target.set("stress", 1)),
    },
  ]) {
    test(`${name}: it is told, and in-flight invocations get what they prove to need at once`, async (t) => {
      const target = new MemoryScaleTarget();
      target.set("stress", 4);
      const world = await startScalerWorld(t, { target, replicas: () => target.get("stress")! });
      const { scaler } = await world.start();
      for (let n = 0; n < 6; n++) await world.window(4);
      arm(target);
      const met = await world.window(6);
      assert.match(JSON.stringify(met.stages), /someone else|the platform made it 1/, met.reason);
      await world.window(4, 24);
      await world.window(4, 24);
      assert.equal(
        target.get("stress"),
        12,
        `the floor is not capped: ${Object.values(scaler.status().functions).join("; ")}`,
      );
    });
  }
});

describe("Kubernetes", () => {
  /** As the API server answers, by hand: one Deployment, and a fault that answers first. */
  function aCluster() {
    const state = { replicas: 4, fault: null as (() => void) | null };
    const refuse = () => state.fault?.();
    const scale = () => ({ metadata: { resourceVersion: "1" }, spec: { replicas: state.replicas }, status: {} });
    const kubernetes = {
      server: "https://cluster",
      call: () => ({}),
      apps: {
        readNamespacedDeploymentScale: async () => (state.fault === conflict ? scale() : (refuse(), scale())),
        async patchNamespacedDeploymentScale({ body }: { body: { spec: { replicas: number } } }) {
          refuse();
          state.replicas = body.spec.replicas;
        },
      },
      core: { listNamespacedPod: async () => ({ items: [] }) },
      autoscaling: { listNamespacedHorizontalPodAutoscaler: async () => ({ items: [] }) },
    } as unknown as Kubernetes;
    return { state, kubernetes };
  }
  const status = (code: number, message: string) => () => {
    throw Object.assign(new Error(message), { code, body: JSON.stringify({ message }) });
  };
  const conflict = status(409, "the object has been modified");
  const faults = {
    "a storm of conflicts": conflict,
    "403 on everything": status(403, "deployments is forbidden"),
    "a server that is overloaded": status(429, "too many requests"),
    "a connection that is cut": () => {
      throw new Error("socket hang up");
    },
  };
  test("that refuses in every way: counts stay, with a sentence, and move again when it is well", async (t) => {
    const { state, kubernetes } = aCluster();
    const own = new ManualClock();
    const timed = kubernetesScaleTarget(kubernetes, {
      clock: { nowMs: () => own.nowMs(), sleep: async () => {} },
      settleMs: 0,
    });
    const world = await startScalerWorld(t, { target: timed, replicas: () => state.replicas });
    const { scaler } = await world.start();
    for (let n = 0; n < 6; n++) await world.window(4);
    for (const name of planOf(SEED, Object.keys(faults) as (keyof typeof faults)[])) {
      const safe = state.replicas;
      state.fault = faults[name];
      for (const proposed of [safe + 2, 1, safe + 2]) assert.equal((await world.window(proposed)).applied, null, name);
      assert.equal(state.replicas, safe, name);
      assert.match(scaler.status().lastProblem!, /Kubernetes at https:\/\/cluster/, name);
      state.fault = null;
      await own.advance(61_000);
      for (let n = 0; n < 2; n++) await world.window(safe + 1);
      assert.equal(state.replicas, safe + 1, name);
      record(import.meta.filename, { tried: 1, held: 1, recoveryWindows: 1, scaleDownsOnMissing: 0 });
    }
  });
});

describe("a scaler", () => {
  test("that is followed by another in the middle of a request: the first ends its act, the next begins patiently", async (t) => {
    const target = new MemoryScaleTarget();
    target.set("stress", 4);
    const world = await startScalerWorld(t, { target, replicas: () => target.get("stress")! });
    const first = await world.start();
    for (let n = 0; n < 6; n++) await world.window(4);
    const plain = target.scale.bind(target);
    let release = () => {};
    const isHeldUp = new Promise<void>((resolve) => (release = resolve));
    target.scale = async (...args) => {
      await isHeldUp;
      return plain(...args);
    };
    const scaling = world.window(8);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    const ending = first.end();
    release();
    await ending;
    assert.equal((await scaling).applied, 8);
    target.scale = plain;
    await world.start();
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    const next = await world.window(1);
    assert.equal(next.desired, 8, next.reason);
  });
});

describe("a model", () => {
  test("that proposes no number does not pass the codec", () => {
    for (const proposedReplicas of [NaN, Infinity, -1, 2.5, 1e9]) {
      const window = aWindow({ seq: 1 });
      const data = { managed: MANAGED, window, proposal: aProposal({ seq: 1, proposedReplicas }) };
      const about = { source: "policy-inference", subject: "stress", key: 1, nowMs: 0 };
      const bytes = encodeEvent(makeEvent("proposal", { ...about, data }));
      assert.throws(() => decodeEvent("proposal", bytes), /proposal\.proposal\.proposedReplicas must be/);
    }
  });

  const models: Readonly<Record<string, (n: number) => number>> = {
    "always says max": () => 12,
    "always says more than max": () => 99_999,
    "always says min": () => 1,
    "always says zero": () => 0,
    oscillates: (n) => (n % 2 === 0 ? 12 : 1),
  };
  for (const [name, model] of Object.entries(models)) {
    test(`that ${name} is bounded and slowed down`, async (t) => {
      const target = new MemoryScaleTarget();
      target.set("stress", 6);
      const world = await startScalerWorld(t, { target, replicas: () => target.get("stress")! });
      await world.start();
      for (let n = 0; n < 40; n++) {
        const before = target.get("stress")!;
        const { desired } = await world.window(model(n));
        assert.ok(desired! >= 1 && desired! <= 12);
        assert.ok(desired! >= Math.min(before - 1, Math.trunc(before / 2)));
      }
      if (name === "oscillates") {
        const downs = world.decided.filter(({ current, desired }) => desired! < current!);
        assert.equal(downs.length, 0, "the largest recommendation of the last 90 s stands");
      }
    });
  }

  test("that says anything at all, on any load: the guard keeps its promises", async (t) => {
    const [draws] = fc.sample(
      fc.array(fc.record({ proposed: fc.nat({ max: 40 }), inFlight: fc.nat({ max: 60 }) }), {
        minLength: 60,
        maxLength: 60,
      }),
      { seed: 20_262, numRuns: 1 },
    );
    const target = new MemoryScaleTarget();
    target.set("stress", 3);
    const world = await startScalerWorld(t, { target, replicas: () => target.get("stress")! });
    await world.start();
    for (const { proposed, inFlight } of draws!) await world.window(proposed, inFlight);
    assert.ok(world.decided.length >= 60);
  });
});
