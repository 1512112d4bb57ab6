/** Scales through the scale subresource of Deployments. Rejects with `BadInputError` for a kubeconfig that cannot be used. */
import { connectKubernetes } from "#shared/adapters/kubernetes/connect.ts";
import { kubernetesManagedFunctions } from "#shared/adapters/kubernetes/managed-functions.ts";
import { kubernetesScaleTarget } from "#shared/adapters/kubernetes/scale-target.ts";
import { monotonicClock } from "#shared/adapters/system-clock.ts";
import { kubernetesAddress } from "#shared/host/addresses.ts";
import { scaleTargetKind } from "./kind.ts";

/** `SCALE_TARGET=kubernetes`. */
export const kubernetes = scaleTargetKind({
  settings: ["KUBECONFIG", "KUBE_CONTEXT", "FUNCTION_NAMESPACES"],
  leaseWithoutNats: "kubernetes",
  async open(workload) {
    const connection = await connectKubernetes(kubernetesAddress(workload));
    workload.log.info({ server: connection.server }, "scales through Kubernetes");
    return {
      target: kubernetesScaleTarget(connection, { clock: monotonicClock }),
      functions: kubernetesManagedFunctions(connection, workload.settings.FUNCTION_NAMESPACES),
    };
  },
});
