/** The exposition text of replicas. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { renderContainerMetrics } from "#services/local-openfaas/provider/container-metrics.ts";
import { readResources } from "#shared/deploy/quantities.ts";

test("container metrics: what is not known has no series", () => {
  const replicas = [
    {
      id: "app-bcdfg",
      functionName: "app",
      spec: { resources: readResources({ cpu: "50m" }, { cpu: "100m", memory: "1Ki" }) },
      measured: { cpuSeconds: 1.5, memoryBytes: 1_000, cpuPeriods: { total: 9, throttled: 4 } },
    },
    { id: "app-hjklm", functionName: "app", spec: { resources: readResources() }, measured: null },
  ];
  const text = renderContainerMetrics(new Map([["app", { replicas, outOfMemoryKills: 2 }]]), 1_500);
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const replica = 'namespace="openfaas-fn",pod="app-bcdfg",container="app"';
  assert.deepEqual(samples, [
    `container_cpu_usage_seconds_total{${replica}} 1.5`,
    `container_memory_working_set_bytes{${replica}} 1000`,
    `container_cpu_cfs_periods_total{${replica}} 9`,
    `container_cpu_cfs_throttled_periods_total{${replica}} 4`,
    `container_oom_events_total{namespace="openfaas-fn",container="app"} 2`,
    `kube_pod_container_resource_requests{${replica},resource="cpu",unit="core"} 0.05`,
    `kube_pod_container_resource_requests{${replica},resource="memory",unit="byte"} 1024`,
    `kube_pod_container_resource_limits{${replica},resource="cpu",unit="core"} 0.1`,
    `kube_pod_container_resource_limits{${replica},resource="memory",unit="byte"} 1024`,
    `container_last_seen{${replica}} 1.5`,
  ]);
  assert.match(
    text,
    /^# HELP container_cpu_usage_seconds_total .+\n# TYPE container_cpu_usage_seconds_total counter\n/,
  );
  assert.equal(renderContainerMetrics(new Map(), 0), "");
});
