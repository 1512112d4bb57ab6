/** Metrics of replicas under the names that cAdvisor and kube-state-metrics use ("Prometheus B"). */
import { NAMESPACE } from "./environment.ts";
import type { FunctionSpec } from "./function-spec.ts";
import type { Usage } from "./limits/types.ts";

/** A replica as a scrape sees it. */
export interface MeasuredReplica {
  readonly id: string;
  readonly functionName: string;
  readonly spec: Pick<FunctionSpec, "resources">;
  /** Null while it could not be measured: it then has no usage series, which is not the same as 0. */
  readonly measured: Usage | null;
}

/** A function as a scrape sees it. */
export interface MeasuredFunction {
  readonly replicas: readonly MeasuredReplica[];
  readonly outOfMemoryKills: number;
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** Exposition text, format 0.0.4, of functions by name. */
export function renderContainerMetrics(functions: ReadonlyMap<string, MeasuredFunction>, nowMs: number): string {
  const replicas = [...functions.values()].flatMap((each) => each.replicas);
  const perUsage = (valueOf: (usage: Usage) => number | undefined): Sample[] =>
    replicas.flatMap((replica) => {
      const value = replica.measured ? valueOf(replica.measured) : undefined;
      return value === undefined ? [] : [[labelsOf(replica), value] as const];
    });
  const perResource = (kind: "Request" | "Limit"): Sample[] =>
    replicas.flatMap((replica) => [
      ...resourceSample(replica, "cpu", "core", replica.spec.resources[`cpu${kind}Cores`]),
      ...resourceSample(replica, "memory", "byte", replica.spec.resources[`memory${kind}Bytes`]),
    ]);
  const kills = [...functions].map(([container, { outOfMemoryKills }]): Sample => {
    return [{ namespace: NAMESPACE, container }, outOfMemoryKills];
  });
  return [
    family(
      "container_cpu_usage_seconds_total",
      "counter",
      "CPU time used.",
      perUsage(({ cpuSeconds }) => cpuSeconds),
    ),
    family(
      "container_memory_working_set_bytes",
      "gauge",
      "Memory that cannot be reclaimed at once.",
      perUsage(({ memoryBytes }) => memoryBytes),
    ),
    family(
      "container_cpu_cfs_periods_total",
      "counter",
      "Elapsed CFS enforcement periods.",
      perUsage(({ cpuPeriods }) => cpuPeriods?.total),
    ),
    family(
      "container_cpu_cfs_throttled_periods_total",
      "counter",
      "CFS periods in which the replica ran out of quota.",
      perUsage(({ cpuPeriods }) => cpuPeriods?.throttled),
    ),
    family(
      "container_oom_events_total",
      "counter",
      "Kills by the memory limit, over all replicas of a function since it was deployed.",
      kills,
    ),
    family("kube_pod_container_resource_requests", "gauge", "What a replica asks for.", perResource("Request")),
    family("kube_pod_container_resource_limits", "gauge", "What a replica may not exceed.", perResource("Limit")),
    family(
      "container_last_seen",
      "gauge",
      "When it was last looked at, since 1970.",
      perUsage(() => nowMs / 1_000),
    ),
  ].join("");
}

function labelsOf(replica: MeasuredReplica): Readonly<Record<string, string>> {
  return { namespace: NAMESPACE, pod: replica.id, container: replica.functionName };
}

function resourceSample(replica: MeasuredReplica, resource: string, unit: string, value: number | null): Sample[] {
  return value === null ? [] : [[{ ...labelsOf(replica), resource, unit }, value]];
}

function family(name: string, type: "counter" | "gauge", help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${text}"`); // names and ids need no escaping
    return `${name}{${pairs.join(",")}} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}
