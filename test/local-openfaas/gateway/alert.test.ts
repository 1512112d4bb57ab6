/** Scaling by alert: one step up while it fires, straight to the minimum when it ends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { replicasAfterAlert } from "#services/local-openfaas/gateway/control/alert.ts";
import { rulesOf } from "#shared/deploy/gateway-profile.ts";
import { startTestGateway } from "#test/support/gateway.ts";

const scale = (labels: Record<string, string>) =>
  Object.fromEntries(Object.entries(labels).map(([key, value]) => [`com.openfaas.scale.${key}`, value]));

for (const { name, profile, status, labels, current, want } of [
  {
    name: "the default step is a tenth of the maximum, at least one",
    profile: "ce",
    status: "firing",
    labels: {},
    current: 1,
    want: 2,
  },
  {
    name: "factor 100 goes to the maximum",
    profile: "ce",
    status: "firing",
    labels: { factor: "100" },
    current: 1,
    want: 5,
  },
  {
    name: "no step goes beyond the maximum",
    profile: "ce",
    status: "firing",
    labels: { max: "3" },
    current: 3,
    want: 3,
  },
  {
    name: "ce stops at five whatever the label says",
    profile: "ce",
    status: "firing",
    labels: { max: "50", factor: "100" },
    current: 4,
    want: 5,
  },
  {
    name: "open steps by the label's maximum",
    profile: "open",
    status: "firing",
    labels: { max: "50", factor: "20" },
    current: 4,
    want: 14,
  },
  {
    name: "resolved goes straight to the minimum",
    profile: "open",
    status: "resolved",
    labels: { min: "2" },
    current: 9,
    want: 2,
  },
  { name: "whatever is not firing is resolved", profile: "open", status: "odd", labels: {}, current: 9, want: 1 },
  {
    name: "factor 0 leaves the function alone when firing",
    profile: "open",
    status: "firing",
    labels: { factor: "0" },
    current: 4,
    want: 4,
  },
  {
    name: "factor 0 leaves the function alone when resolved",
    profile: "open",
    status: "resolved",
    labels: { factor: "0" },
    current: 4,
    want: 4,
  },
] as const) {
  test(`alert: ${name}`, () => {
    const snapshot = {
      deployment: { service: "f", image: "x/f", labels: scale(labels) },
      createdAtMs: 0,
      desiredReplicas: current,
      availableReplicas: current,
      replicas: [],
      backOff: null,
      usage: { cpu: 0, totalMemoryBytes: 0 },
    };
    assert.equal(replicasAfterAlert(status, snapshot, rulesOf(profile)), want);
  });
}

/** As Alertmanager sends it, shortened. */
const webhook = (...alerts: [status: string, name: string][]) => ({
  receiver: "scale-up",
  status: "firing",
  alerts: alerts.map(([status, name]) => ({
    status,
    labels: { alertname: "APIHighInvocationRate", function_name: name, monitor: "faas-monitor" },
    startsAt: "2026-01-02T00:00:00Z",
  })),
  version: "4",
});

test("alert: the webhook scales each function it names", async (t) => {
  const { system, deploy, provider } = await startTestGateway(t, { held: true });
  await deploy("up");
  await deploy("down", { labels: scale({ min: "2" }) });
  const response = await system("POST", "alert", webhook(["firing", "up.openfaas-fn"], ["resolved", "down"]));
  assert.equal(response.status, 200);
  assert.deepEqual(provider.calls.slice(2), ["scale up 3", "scale down 2"]);
});

test("alert: a function that is gone is 400, so that the others are not scaled again by a repeat", async (t) => {
  const { system, deploy, provider } = await startTestGateway(t, { held: true });
  await deploy("up");
  const response = await system("POST", "alert", webhook(["firing", "gone.openfaas-fn"], ["firing", "up.openfaas-fn"]));
  assert.deepEqual(
    [response.status, await response.text()],
    [400, "alerts for functions that are not deployed: gone\n"],
  );
  assert.deepEqual(provider.calls.slice(1), ["scale up 3"]);
});

test("alert: what is no webhook is 400 and scales nothing", async (t) => {
  const { system, deploy, provider } = await startTestGateway(t, { held: true });
  await deploy("up");
  const broken = { alerts: [...webhook(["firing", "up"]).alerts, { status: 1, labels: { function_name: "up" } }] };
  assert.equal((await system("POST", "alert", broken)).status, 400);
  assert.equal((await system("POST", "alert", webhook(["firing", "up.staging"]))).status, 400);
  assert.deepEqual(provider.calls, ["deploy up"]);
});
