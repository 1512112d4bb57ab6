/** Scales through the OpenFaaS gateway, whose API keeps no lease. */
import { openfaasGateway } from "#shared/adapters/openfaas/function-gateway.ts";
import { openfaasManagedFunctions } from "#shared/adapters/openfaas/managed-functions.ts";
import { openfaasScaleTarget } from "#shared/adapters/openfaas/scale-target.ts";
import { gatewayAddress } from "#shared/host/addresses.ts";
import { scaleTargetKind } from "./kind.ts";

/** `SCALE_TARGET=openfaas`. */
export const openfaas = scaleTargetKind({
  settings: ["OPENFAAS_URL"],
  leaseWithoutNats: "none",
  async open(workload) {
    const address = gatewayAddress(workload);
    return {
      target: openfaasScaleTarget(address),
      functions: openfaasManagedFunctions(openfaasGateway(address)),
    };
  },
});
