/** The loop with everything real: processes, bus, HTTP, a load; and what it does when parts of it are killed. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { GUARD_STAGES } from "#shared/core/decision.ts";
import { encodeEvent, makeEvent } from "#shared/events/codec.ts";
import { signCall } from "#shared/host/signature.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { eventually } from "#test/support/eventually.ts";
import { decisionsAfterNow, startTestStack, stepDown, type TestStack } from "#test/support/local-stack.ts";

/** Starts a steady load, in trace time; its rate is `perWindow` requests in 30 s. */
async function startLoad({ stack }: TestStack, perWindow: readonly number[], cpuSeconds = 0.1): Promise<string> {
  const body = JSON.stringify({
    trace: perWindow,
    functionName: "stress",
    seed: 1,
    work: { meanCpuSeconds: cpuSeconds, cv: 0 },
    sloSeconds: 3,
  });
  const { status, body: answer } = await stack.gateway.invoke(
    "load-generator",
    body,
    signCall(stack.key, "load-generator", body, Date.now()),
  );
  assert.equal(status, 202, answer);
  return (JSON.parse(answer) as { runId: string }).runId;
}

for (const bus of ["any", "built-in"] as const) {
  describe(`the loop on ${bus === "any" ? "the bus that up chooses" : "the built-in broker"}`, () => {
    let world: TestStack;
    before(async () => {
      world = await startTestStack({ bus });
    });
    after(() => world.close());

    test("every part is up and says so", async () => {
      for (const part of ["metrics-collector", "connector", "policy-inference", "scaler", "load-generator"]) {
        await eventually(async () => (await world.stack.gateway.ask(part)).status === 200, { what: `${part} running` });
      }
    });

    test("windows are proposed on and decided on, one after the other, every stage reported", async () => {
      const decisions = await decisionsAfterNow(world, 3);
      assert.ok(world.heard.proposals.length >= 2);
      const [first, second, third] = decisions;
      assert.deepEqual([second!.seq! - first!.seq!, third!.seq! - second!.seq!], [1, 1]);
      assert.deepEqual(
        first!.stages.map(({ stage }) => stage),
        GUARD_STAGES,
      );
      assert.equal(third!.trigger, "proposal");
    });

    test("under load replicas really go up, and down when it is over; every request is accounted for", async () => {
      const runId = await startLoad(world, [150, 150, 150, 0, 0, 0, 0, 0, 0, 0]);
      const ready = async () =>
        (await world.stack.gateway.list()).find(({ name }) => name === "stress")!.availableReplicas;
      await eventually(async () => (await ready()) >= 3, { timeoutMs: 30_000, what: "at least 3 replicas" });
      await eventually(() => world.heard.loads.some((load) => load.runId === runId && load.phase === "finished"), {
        timeoutMs: 120_000,
        what: "the end of the load",
      });
      const { current } = await stepDown(world);
      await eventually(async () => (await ready()) < current!, { timeoutMs: 120_000, what: "fewer replicas again" });
      const { totals } = world.heard.loads.findLast((load) => load.runId === runId)!;
      assert.equal(totals.scheduled, 450);
      assert.equal(totals.sent + totals.shed, totals.scheduled);
      assert.equal(totals.ok + totals.failed + totals.unfinished, totals.sent);
      // On a busy machine one replica may have more than max_inflight calls at once: refused, and said so.
      const unexplained = Object.keys(totals.failedByClass).filter((name) => name !== "429" && name !== "504");
      assert.deepEqual(unexplained, []);
      assert.equal(totals.unfinished, 0);
      const ups = world.heard.applied.filter(({ applied, current }) => applied !== null && applied > current!);
      assert.ok(ups.length > 0);
    });

    test("arrivals of the windows are the requests that were sent", async () => {
      const fromMs = world.heard.windows.at(-1)!.endedAtMs;
      const runId = await startLoad(world, [60, 0]);
      await eventually(() => world.heard.loads.some((load) => load.runId === runId && load.phase === "finished"), {
        timeoutMs: 60_000,
      });
      await decisionsAfterNow(world, 1);
      const arrivals = world.heard.windows
        .filter(({ endedAtMs, functionName }) => endedAtMs > fromMs && functionName === "stress")
        .reduce((sum, window) => sum + (window.arrivals ?? 0), 0);
      assert.equal(arrivals, 60);
    });

    test("a function with a minimum of 0 idles to zero; the next call is held, answered, and counted as a cold start", async () => {
      const { platform, gateway, functions } = world.stack;
      const stress = functions.find(({ name }) => name === "stress")!;
      await platform.deploy({
        service: "sleepy",
        image: stress.image,
        envVars: { RAW_BODY: "true" },
        labels: { "com.openfaas.scale.min": "0" },
        annotations: {
          "replicant.mode": "auto",
          "replicant.min": "0",
          "replicant.policy": "openfaas-pro:zero-duration=60",
        },
      });
      const replicas = async () => (await gateway.list()).find(({ name }) => name === "sleepy")!.replicas;
      const coldStarts = async () => {
        const metrics = await (await fetch(`${platform.metricsUrl}/metrics`)).text();
        const line = metrics
          .split("\n")
          .find((one) => one.startsWith("gateway_cold_starts_total") && one.includes("sleepy"));
        return Number(line?.split(" ").at(-1) ?? 0);
      };
      if ((await replicas()) === 0) await gateway.invoke("sleepy", "{}", {}, 30_000);
      await eventually(async () => (await replicas()) === 0, { timeoutMs: 120_000, what: "zero replicas" });
      const before = await coldStarts();
      const { status, body } = await gateway.invoke("sleepy", '{"cpuMs":1}', {}, 30_000);
      assert.equal(status, 200, body);
      assert.equal(await coldStarts(), before + 1);
      await eventually(async () => (await replicas()) === 0, { timeoutMs: 120_000, what: "zero replicas again" });
    });

    test("open doors: an unsigned, wrongly signed, stale or replayed call changes nothing and publishes nothing", async () => {
      const { gateway, key } = world.stack;
      const replay = JSON.stringify({ trace: [30], functionName: "stress" });
      const window = Buffer.from(
        encodeEvent(
          makeEvent("window", {
            source: "intruder",
            subject: "victim",
            key: 30_000,
            nowMs: Date.now(),
            data: {
              managed: aManaged({ functionName: "victim" }),
              window: aWindow({ functionName: "victim" }),
              history: [],
            },
          }),
        ),
      ).toString();
      const hourAgoMs = Date.now() - 3_600_000;
      for (const [door, body] of [
        ["load-generator", replay],
        ["policy-inference", window],
        ["metrics-collector", window],
        ["connector", window],
        ["scaler", window],
      ] as const) {
        const good = signCall(key, door, body, Date.now());
        const tries: [string, Record<string, string>][] = [
          ["unsigned", {}],
          ["signed with another key", signCall("guess", door, body, Date.now())],
          ["signed for another function", signCall(key, "stress", body, Date.now())],
          ["stale", signCall(key, door, body, hourAgoMs)],
        ];
        if (door === "policy-inference") {
          // A good call uses its signature up; what it publishes is received below as the only proposal for the victim.
          assert.match((await gateway.invoke(door, body, good)).body, /"published":true/);
          tries.push(["replayed", good]);
        }
        for (const [how, headers] of tries) {
          const { status, body: answer } = await gateway.invoke(door, body, headers);
          if (door === "load-generator" || door === "scaler") assert.equal(status, 401, `${how}: ${answer}`);
          else if (door === "policy-inference") assert.match(answer, /"published":false/, how);
          else assert.match(answer, /"state":"running"/, `${door}, ${how}`);
        }
      }
      await decisionsAfterNow(world, 1);
      assert.equal(world.heard.loads.filter(({ totals }) => totals.scheduled === 30).length, 0);
      assert.equal(world.heard.proposals.filter(({ functionName }) => functionName === "victim").length, 1);
      assert.equal(world.heard.windows.filter(({ functionName }) => functionName === "victim").length, 0);
    });

    test("kill -9 of a replica under load: it is replaced, at most what was in flight fails, and that is counted", async () => {
      const runId = await startLoad(world, [60, 60, 60]);
      await eventually(() => world.pidsOf("stress").length > 0);
      await decisionsAfterNow(world, 1);
      const [victim] = world.pidsOf("stress");
      process.kill(victim!, "SIGKILL");
      await eventually(() => !world.pidsOf("stress").includes(victim!), { what: "the victim gone" });
      await eventually(() => world.pidsOf("stress").length > 0, { what: "a new replica" });
      await eventually(() => world.heard.loads.some((load) => load.runId === runId && load.phase === "finished"), {
        timeoutMs: 120_000,
      });
      const { totals } = world.heard.loads.findLast((load) => load.runId === runId)!;
      assert.equal(totals.ok + totals.failed, 180);
      const inFlightMost = Math.max(...world.heard.windows.map(({ inFlightMax }) => inFlightMax ?? 0));
      assert.ok(totals.failed <= Math.max(20, inFlightMost), `${totals.failed} failed`);
    });

    test("kill -9 of policy-inference, again and again: the fallback rule takes over within two windows; then the policy is back", async () => {
      const killing = new AbortController();
      const killer = (async () => {
        while (!killing.signal.aborted) {
          for (const pid of world.pidsOf("policy-inference")) {
            try {
              process.kill(pid, "SIGKILL");
            } catch {
              // It was gone already.
            }
          }
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      })();
      try {
        const fromSeq = world.heard.windows.at(-1)!.seq;
        await eventually(
          () => world.heard.applied.some(({ trigger, seq }) => trigger === "fallback" && seq !== null && seq > fromSeq),
          { timeoutMs: 60_000, what: "a decision by the fallback rule" },
        );
        const first = world.heard.applied.find(
          ({ trigger, seq }) => trigger === "fallback" && seq !== null && seq > fromSeq,
        )!;
        assert.ok(first.seq! - fromSeq <= 3, `the rule spoke ${first.seq! - fromSeq} windows after the kill`);
      } finally {
        killing.abort();
        await killer;
      }
      await eventually(() => world.heard.applied.at(-1)?.trigger === "proposal", {
        timeoutMs: 120_000,
        what: "the policy deciding again",
      });
    });

    test("kill -9 of the bus: the loop goes on by itself when it is back", async () => {
      const pid = world.stack.bus.pid!;
      process.kill(pid, "SIGKILL");
      await eventually(() => world.stack.bus.pid !== null && world.stack.bus.pid !== pid, {
        timeoutMs: 30_000,
        what: "a new bus process",
      });
      const decisions = await decisionsAfterNow(world, 2, { timeoutMs: 90_000 });
      assert.ok(decisions.every(({ desired, current }) => desired === null || current === null || desired >= 1));
    });
  });
}

test("when the stack is closed no process is left", async () => {
  const world = await startTestStack({ bus: "built-in" });
  assert.ok(world.processes().length >= 6);
  await world.close();
  await eventually(() => world.processes().length === 0, { what: "every process gone" });
});
