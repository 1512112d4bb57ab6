/** Who else is set to scale a Deployment. HorizontalPodAutoscalers cover KEDA too, which works through them. */
import type { Clock } from "../../core/clock.ts";
import type { Kubernetes } from "./connect.ts";
import { statusOf } from "./refusal.ts";

/** An autoscaler that someone adds is noticed after so long. */
const FRESH_MS = 30_000;

/** The name of a HorizontalPodAutoscaler whose target is the Deployment; null when none is known. */
export type AutoscalerOf = (deployment: string, namespace: string, signal?: AbortSignal) => Promise<string | null>;

/** Without the right to list autoscalers nothing is known of them, which is no reason not to scale. */
export function foreignWriters(kubernetes: Kubernetes, clock: Pick<Clock, "nowMs">): AutoscalerOf {
  const known = new Map<string, { readonly readMs: number; readonly byDeployment: ReadonlyMap<string, string> }>();

  async function read(namespace: string, signal?: AbortSignal): Promise<ReadonlyMap<string, string>> {
    try {
      const { items } = await kubernetes.autoscaling.listNamespacedHorizontalPodAutoscaler(
        { namespace },
        kubernetes.call({ signal }),
      );
      return new Map(
        items
          .filter(({ spec }) => spec?.scaleTargetRef.kind === "Deployment")
          .map(({ metadata, spec }) => [spec!.scaleTargetRef.name, metadata?.name ?? ""]),
      );
    } catch (thrown) {
      if (statusOf(thrown) === 403) return new Map();
      throw thrown;
    }
  }

  return async (deployment, namespace, signal) => {
    let entry = known.get(namespace);
    if (!entry || clock.nowMs() - entry.readMs > FRESH_MS) {
      entry = { readMs: clock.nowMs(), byDeployment: await read(namespace, signal) };
      known.set(namespace, entry);
    }
    return entry.byDeployment.get(deployment) ?? null;
  };
}
