/** The metrics source that the settings name. */
import { httpMetricsEndpoint } from "#shared/adapters/http-metrics.ts";
import { connectKubernetes } from "#shared/adapters/kubernetes/connect.ts";
import { kubernetesContainers } from "#shared/adapters/kubernetes/container-source.ts";
import { monotonicClock } from "#shared/adapters/system-clock.ts";
import { prometheusClient, type PrometheusClient } from "#shared/adapters/prometheus/client.ts";
import { prometheusContainers } from "#shared/adapters/prometheus/container-source.ts";
import { prometheusFunctions } from "#shared/adapters/prometheus/function-source.ts";
import { ServerTime } from "#shared/adapters/prometheus/server-time.ts";
import type { SettingName } from "#shared/config/settings.ts";
import type { TraceTime } from "#shared/core/trace-time.ts";
import { kubernetesAddress, prometheusAddress } from "#shared/host/addresses.ts";
import type { Workload } from "#shared/host/workload.ts";
import type { ContainerSource, MetricsSource } from "#shared/ports/metrics-source.ts";
import { withContainers } from "./other-containers.ts";
import { scrapedSource } from "./scraped-source.ts";

/** The settings that say where metrics come from. */
export const SOURCE_SETTINGS = [
  "FUNCTION_METRICS_URL",
  "CONTAINER_METRICS_URL",
  "PROMETHEUS_A_URL",
  "PROMETHEUS_B_URL",
  "PROMETHEUS_TIMEOUT_SECONDS",
  "CONTAINER_METRICS_FROM",
  "KUBECONFIG",
  "KUBE_CONTEXT",
  "TICK_SECONDS",
] as const satisfies readonly SettingName[];

type SourceWorkload = Workload<(typeof SOURCE_SETTINGS)[number]>;

/** Throws `BadInputError` for a kubeconfig that cannot be used. */
export async function sourceOf(workload: SourceWorkload, traceTime: TraceTime): Promise<MetricsSource> {
  const functions = functionsOf(workload, traceTime);
  const containers = await containersOf(workload, traceTime);
  return containers === null ? functions : withContainers(functions, containers);
}

function functionsOf(workload: SourceWorkload, traceTime: TraceTime): MetricsSource {
  const { FUNCTION_METRICS_URL, CONTAINER_METRICS_URL, TICK_SECONDS } = workload.settings;
  const prometheus = prometheusAddress(workload, "A");
  if (prometheus) {
    const client = prometheusClient(prometheus);
    return prometheusFunctions(client, traceTime, serverTimeOf(client));
  }
  const endpoint = httpMetricsEndpoint({
    functionMetricsUrl: FUNCTION_METRICS_URL,
    containerMetricsUrl: CONTAINER_METRICS_URL,
    // A scrape that takes longer than a tick is of no use any more.
    timeoutMs: Math.max(200, (TICK_SECONDS * 1_000) / traceTime.timeLapse),
  });
  return scrapedSource({ endpoint, timeLapse: traceTime.timeLapse });
}

/** Null: the functions' source has them too, or nothing has. */
async function containersOf(workload: SourceWorkload, traceTime: TraceTime): Promise<ContainerSource | null> {
  switch (workload.settings.CONTAINER_METRICS_FROM) {
    case "kubernetes":
      return kubernetesContainers(await connectKubernetes(kubernetesAddress(workload)));
    case "prometheus": {
      const prometheus = prometheusAddress(workload, "B");
      if (!prometheus) return null;
      const client = prometheusClient(prometheus);
      return prometheusContainers(client, traceTime, serverTimeOf(client));
    }
  }
}

const serverTimeOf = (client: PrometheusClient) => new ServerTime(client, () => monotonicClock.nowMs());
