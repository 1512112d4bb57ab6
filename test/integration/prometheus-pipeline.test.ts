/** The whole loop with real NATS and real Prometheus: what the collector knows, it knows through PromQL, and replicas follow the load. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { eventually } from "#test/support/eventually.ts";
import { startTestStack, stepDown } from "#test/support/local-stack.ts";
import { natsPrograms } from "#test/support/nats-server.ts";
import { findPrometheus, startPrometheus } from "#test/support/prometheus.ts";
import { startSteadyLoad } from "#test/support/steady-load.ts";
import { freePort } from "#services/local-openfaas/bus/ports.ts";

const program = findPrometheus();
const skip = !program ? "no `prometheus` on PATH" : natsPrograms().length === 0 ? "no `nats-server` on PATH" : false;

test("nats-server, Prometheus and the local platform: replicas follow the load", { skip }, async (t) => {
  const port = await freePort(null);
  const url = `http://127.0.0.1:${port}`;
  const world = await startTestStack({
    timeLapse: 5,
    env: { REPLICANT_PROMETHEUS_A_URL: url, REPLICANT_PROMETHEUS_B_URL: url },
  });
  t.after(() => world.close());
  const { heard, stack } = world;
  const ofStress = () => heard.windows.filter(({ functionName }) => functionName === "stress");
  assert.match(stack.bus.describe(), /^nats-server .*events kept/);

  // Nobody listens at that address yet: nothing is measured, and nothing is decided but to hold.
  await eventually(() => ofStress().length > 0, { timeoutMs: 30_000, what: "a window" });
  assert.equal(ofStress()[0]!.arrivals, null);
  assert.ok(heard.applied.every(({ applied }) => applied === null));

  const targets = {
    gateway: `${stack.platform.metricsUrl}/metrics`,
    containers: `${stack.platform.metricsUrl}/containers/metrics`,
  };
  const prometheus = await startPrometheus(t, program!, targets, { scrapeMs: 250, wishedPort: port });
  assert.equal(prometheus.url, url);
  await eventually(
    () =>
      ofStress()
        .at(-1)!
        .missing.every((name) => /^(latency|execution|late\.)/.test(name)),
    {
      timeoutMs: 60_000,
      what: "a window that Prometheus has measured",
    },
  );

  const ready = async () => (await stack.gateway.list()).find(({ name }) => name === "stress")!.availableReplicas;
  assert.equal(await ready(), 1);
  const runId = await startSteadyLoad(world, [150, 150, 150]);
  await eventually(async () => (await ready()) >= 3, { timeoutMs: 60_000, what: "at least 3 replicas" });
  await eventually(() => heard.loads.some((load) => load.runId === runId && load.phase === "finished"), {
    timeoutMs: 120_000,
    what: "the end of the load",
  });
  const sent = heard.loads.findLast((load) => load.runId === runId)!.totals.sent;
  const { current } = await stepDown(world);
  await eventually(async () => (await ready()) < current!, { timeoutMs: 180_000, what: "fewer replicas again" });

  const arrivals = ofStress().reduce((sum, window) => sum + (window.arrivals ?? 0), 0);
  assert.ok(Math.abs(arrivals - sent) <= 0.1 * sent, `${arrivals} arrivals by PromQL, ${sent} sent`);
  t.diagnostic(`${arrivals.toFixed(1)} arrivals by PromQL, ${sent} sent`);
  const measured = ofStress().filter(
    ({ cpuRatio, latencySeconds }) => cpuRatio !== null && latencySeconds.p95 !== null,
  );
  const busiest = Math.max(...measured.map(({ cpuRatio }) => cpuRatio!));
  assert.ok(busiest > 0.3, `the busiest window used ${busiest} of its CPU request`);
  assert.ok(heard.proposals.length > 0, "proposals");
  const steps = heard.applied.filter(({ applied, current }) => applied !== null && applied !== current);
  assert.ok(
    steps.some(({ applied, current }) => applied! > current!),
    "a step up",
  );
  // JetStream is there, so that the scaler acts under a lease; on a busy machine it may have had to take it anew.
  assert.deepEqual(
    steps.filter(({ fencing }) => fencing === null || fencing < 1),
    [],
  );
});
