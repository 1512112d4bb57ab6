/** `ScaleTarget` on the scale subresource of Deployments: a function's Deployment has its name and is in its namespace. */
import type { V1Pod, V1Scale } from "@kubernetes/client-node";

import type { Clock } from "../../core/clock.ts";
import {
  refuseForeignChange,
  ScaleRefusedError,
  UnknownFunctionError,
  type ReplicaCount,
  type ScaleTarget,
} from "../../ports/scale-target.ts";
import { BackOff } from "./back-off.ts";
import type { Kubernetes } from "./connect.ts";
import { foreignWriters } from "./foreign-writers.ts";
import { sentenceOf, statusOf } from "./refusal.ts";

/** A clock, and how patient a read-back is. */
export interface KubernetesScaleOptions {
  /** Monotonic; pauses are counted with it. */
  readonly clock: Clock;
  /** How long a controller of the platform (faas-netes' clamp) gets to change a count before it is read back. Default 250 ms. */
  readonly settleMs?: number;
}

/** Every ready pod moves the Deployment's version, so a conflict says little about who else is there. */
const MAX_TRIES = 5;

/** Needs `get` and `patch` on `deployments/scale`, and `list` on `pods`; may have `list` on `horizontalpodautoscalers`. */
export function kubernetesScaleTarget(
  kubernetes: Kubernetes,
  { clock, settleMs = 250 }: KubernetesScaleOptions,
): ScaleTarget {
  const { apps, core } = kubernetes;
  const backOff = new BackOff();
  const autoscalerOf = foreignWriters(kubernetes, clock);

  /** Runs the calls about one Deployment; what they throw comes out in words of the port. */
  async function about<T>(name: string, namespace: string, calls: () => Promise<T>): Promise<T> {
    const key = `${namespace}/${name}`;
    backOff.check(key, clock.nowMs());
    try {
      const answer = await calls();
      backOff.answered(key);
      return answer;
    } catch (thrown) {
      if (thrown instanceof ScaleRefusedError) throw thrown;
      const sentence = sentenceOf(thrown, kubernetes.server);
      const status = statusOf(thrown);
      const error =
        status === 404
          ? new UnknownFunctionError(sentence, { cause: thrown })
          : new ScaleRefusedError(sentence, { cause: thrown });
      if (status === 403 || status === 404) backOff.refused(key, error, clock.nowMs());
      throw error;
    }
  }

  const readScale = (name: string, namespace: string, signal?: AbortSignal) =>
    apps.readNamespacedDeploymentScale({ name, namespace }, kubernetes.call({ signal }));

  /** Sets the count unless the Deployment is another one than `seen`: then 409. */
  const patchScale = (name: string, namespace: string, seen: V1Scale, replicas: number, signal?: AbortSignal) =>
    apps.patchNamespacedDeploymentScale(
      { name, namespace, body: { metadata: { resourceVersion: seen.metadata?.resourceVersion }, spec: { replicas } } },
      kubernetes.call({ signal, contentType: "application/merge-patch+json" }),
    );

  return {
    name: "kubernetes",

    read: (name, namespace) =>
      about(name, namespace, async (): Promise<ReplicaCount> => {
        const scale = await readScale(name, namespace);
        const labelSelector = scale.status?.selector ?? "";
        // Without a selector every pod of the namespace would count.
        const pods =
          labelSelector === ""
            ? []
            : (await core.listNamespacedPod({ namespace, labelSelector }, kubernetes.call())).items;
        return { desiredReplicas: replicasOf(scale), availableReplicas: pods.filter(isReady).length };
      }),

    scale: (name, namespace, desiredReplicas, authority = neverEnding()) =>
      about(name, namespace, async () => {
        const { signal } = authority;
        const autoscaler = await autoscalerOf(name, namespace, signal);
        if (autoscaler !== null) {
          throw new ScaleRefusedError(
            `HorizontalPodAutoscaler '${autoscaler}' scales '${name}' too: remove it, or set replicant.mode to shadow`,
          );
        }
        let seen = await readScale(name, namespace, signal);
        const before = replicasOf(seen);
        refuseForeignChange(name, before, desiredReplicas, authority);
        for (let tries = 1; replicasOf(seen) !== desiredReplicas; tries++) {
          try {
            await patchScale(name, namespace, seen, desiredReplicas, signal);
            break;
          } catch (thrown) {
            if (statusOf(thrown) !== 409 || tries === MAX_TRIES) throw thrown;
          }
          seen = await readScale(name, namespace, signal);
          if (replicasOf(seen) !== before && replicasOf(seen) !== desiredReplicas) {
            throw new ScaleRefusedError(
              `'${name}' was set from ${before} to ${replicasOf(seen)} by someone else just now, so it was not set to ${desiredReplicas}`,
            );
          }
        }
        await clock.sleep(settleMs, signal);
        return { appliedReplicas: replicasOf(await readScale(name, namespace, signal)) };
      }),
  };
}

const neverEnding = () => ({ fencing: null, signal: new AbortController().signal });

/** The server omits 0. */
function replicasOf(scale: V1Scale): number {
  return scale.spec?.replicas ?? 0;
}

function isReady({ metadata, status }: V1Pod): boolean {
  const ready = status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false;
  return ready && metadata?.deletionTimestamp === undefined;
}
