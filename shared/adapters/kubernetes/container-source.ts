/** CPU and memory from metrics.k8s.io (metrics-server): one reading per pod, as fresh as that server's own scrapes. */
import type { V1Container } from "@kubernetes/client-node";

import type { ContainerRatios, ContainerSource, FunctionId } from "../../ports/metrics-source.ts";
import type { Kubernetes } from "./connect.ts";
import { quantity } from "./quantity.ts";
import { sentenceOf } from "./refusal.ts";

interface PodMetrics {
  readonly metadata: { readonly name: string };
  readonly containers: readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[];
}

const NOTHING: ContainerRatios = { cpuRatio: null, memoryRatio: null };

/** Needs `list` on `pods` and on `pods` of `metrics.k8s.io`. The container of a function's pod has the function's name. */
export function kubernetesContainers(kubernetes: Kubernetes): ContainerSource {
  return {
    async look({ window }, expected) {
      const problems = new Set<string>();
      const ratios = new Map<string, ContainerRatios>();
      const namespaces = window === null ? [] : [...new Set(expected.map(({ namespace }) => namespace))];
      await Promise.all(
        namespaces.map(async (namespace) => {
          try {
            for (const [name, ratio] of await ratiosIn(namespace)) ratios.set(`${name}.${namespace}`, ratio);
          } catch (thrown) {
            problems.add(sentenceOf(thrown, kubernetes.server));
          }
        }),
      );
      return {
        problems: [...problems],
        ratios: ({ functionName, namespace }: FunctionId) => ratios.get(`${functionName}.${namespace}`) ?? NOTHING,
      };
    },
  };

  async function ratiosIn(namespace: string): Promise<ReadonlyMap<string, ContainerRatios>> {
    const [measured, pods] = await Promise.all([
      kubernetes.custom.listNamespacedCustomObject(
        { group: "metrics.k8s.io", version: "v1beta1", namespace, plural: "pods" },
        kubernetes.call(),
      ) as Promise<{ readonly items: readonly PodMetrics[] }>,
      kubernetes.core.listNamespacedPod({ namespace }, kubernetes.call()),
    ]);
    const specs = new Map(pods.items.map(({ metadata, spec }) => [metadata?.name, spec?.containers ?? []]));
    const shares = new Map<string, ContainerRatios[]>();
    for (const { metadata, containers } of measured.items) {
      for (const { name, usage } of containers) {
        const spec = specs.get(metadata.name)?.find((one) => one.name === name);
        if (spec) shares.set(name, [...(shares.get(name) ?? []), shareOf(usage, spec)]);
      }
    }
    return new Map(
      [...shares].map(([name, of]) => [name, { cpuRatio: mean(of, "cpuRatio"), memoryRatio: mean(of, "memoryRatio") }]),
    );
  }
}

/** A container's use ÷ request. */
function shareOf(usage: Readonly<Record<string, string>>, { resources }: V1Container): ContainerRatios {
  const of = (resource: "cpu" | "memory") => {
    const used = quantity(usage[resource]);
    const requested = quantity(resources?.requests?.[resource]);
    return used === null || requested === null || requested <= 0 ? null : used / requested;
  };
  return { cpuRatio: of("cpu"), memoryRatio: of("memory") };
}

/** Over the replicas whose share is known; null when none is. */
function mean(shares: readonly ContainerRatios[], ratio: keyof ContainerRatios): number | null {
  const known = shares.flatMap(({ [ratio]: share }) => (share === null ? [] : [share]));
  return known.length === 0 ? null : known.reduce((sum, share) => sum + share, 0) / known.length;
}
