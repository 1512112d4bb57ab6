/** Which scale target the settings ask for, and where its list of managed functions is. */
import { connectKubernetes } from "#shared/adapters/kubernetes/connect.ts";
import { kubernetesManagedFunctions } from "#shared/adapters/kubernetes/managed-functions.ts";
import { kubernetesScaleTarget } from "#shared/adapters/kubernetes/scale-target.ts";
import { monotonicClock } from "#shared/adapters/monotonic-clock.ts";
import { openfaasGateway } from "#shared/adapters/openfaas/function-gateway.ts";
import { openfaasManagedFunctions } from "#shared/adapters/openfaas/managed-functions.ts";
import { openfaasScaleTarget } from "#shared/adapters/openfaas/scale-target.ts";
import type { SettingName } from "#shared/config/settings.ts";
import { gatewayAddress, kubernetesAddress } from "#shared/host/addresses.ts";
import type { Workload } from "#shared/host/workload.ts";
import type { ManagedFunctions } from "#shared/ports/managed-functions.ts";
import type { ScaleTarget } from "#shared/ports/scale-target.ts";

export const TARGET_SETTINGS = [
  "SCALE_TARGET",
  "OPENFAAS_URL",
  "KUBECONFIG",
  "KUBE_CONTEXT",
  "FUNCTION_NAMESPACES",
] as const satisfies readonly SettingName[];

export interface Platform {
  readonly target: ScaleTarget;
  readonly functions: ManagedFunctions;
}

/** Throws `BadInputError` for a kubeconfig that cannot be used. */
export async function platformOf(workload: Workload<(typeof TARGET_SETTINGS)[number]>): Promise<Platform> {
  const { SCALE_TARGET, FUNCTION_NAMESPACES } = workload.settings;
  if (SCALE_TARGET === "openfaas") {
    const address = gatewayAddress(workload);
    return {
      target: openfaasScaleTarget(address),
      functions: openfaasManagedFunctions(openfaasGateway(address)),
    };
  }
  const kubernetes = await connectKubernetes(kubernetesAddress(workload));
  workload.log.info({ server: kubernetes.server }, "scales through Kubernetes");
  return {
    target: kubernetesScaleTarget(kubernetes, { clock: monotonicClock }),
    functions: kubernetesManagedFunctions(kubernetes, FUNCTION_NAMESPACES),
  };
}
