/** Which scale target the settings ask for. */
import { connectKubernetes } from "#shared/adapters/kubernetes/connect.ts";
import { kubernetesScaleTarget } from "#shared/adapters/kubernetes/scale-target.ts";
import { monotonicClock } from "#shared/adapters/monotonic-clock.ts";
import { openfaasScaleTarget } from "#shared/adapters/openfaas/scale-target.ts";
import type { SettingName } from "#shared/config/settings.ts";
import { gatewayAddress, kubernetesAddress } from "#shared/host/addresses.ts";
import type { Workload } from "#shared/host/workload.ts";
import type { ScaleTarget } from "#shared/ports/scale-target.ts";

export const TARGET_SETTINGS = [
  "SCALE_TARGET",
  "OPENFAAS_URL",
  "KUBECONFIG",
  "KUBE_CONTEXT",
] as const satisfies readonly SettingName[];

/** Throws `BadInputError` for a kubeconfig that cannot be used. */
export async function targetOf(workload: Workload<(typeof TARGET_SETTINGS)[number]>): Promise<ScaleTarget> {
  if (workload.settings.SCALE_TARGET === "openfaas") return openfaasScaleTarget(gatewayAddress(workload));
  const kubernetes = await connectKubernetes(kubernetesAddress(workload));
  workload.log.info({ server: kubernetes.server }, "scales through Kubernetes");
  return kubernetesScaleTarget(kubernetes, { clock: monotonicClock });
}
