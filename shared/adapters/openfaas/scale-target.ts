/** `ScaleTarget` over the gateway's scale route, read back from the function's status. */
import { messageOf } from "../../core/errors.ts";
import {
  refuseForeignChange,
  ScaleRefusedError,
  UnknownFunctionError,
  type ReplicaCount,
  type ScaleTarget,
} from "../../ports/scale-target.ts";
import { firstLine, gatewayClient, type GatewayAddress } from "./client.ts";
import { toStatus } from "./function-gateway.ts";

/** A gateway that knows it refuses a number lower than the highest it has seen; others pass over it. */
const FENCING_HEADER = "X-Replicant-Fencing";

/** Rejects with `UnknownFunctionError` or `ScaleRefusedError`. */
export function openfaasScaleTarget(address: GatewayAddress): ScaleTarget {
  const http = gatewayClient(address);

  async function read(functionName: string, namespace: string): Promise<ReplicaCount> {
    const { status, data } = await http
      .get<string>(`/system/function/${encodeURIComponent(functionName)}`, { params: { namespace } })
      .catch((thrown: unknown) => refuse(functionName, thrown));
    if (status === 404) throw new UnknownFunctionError(`the gateway knows no function '${functionName}'`);
    if (status !== 200) throw new ScaleRefusedError(`reading '${functionName}': HTTP ${status} ${firstLine(data)}`);
    try {
      const { replicas, availableReplicas } = toStatus(JSON.parse(data));
      return { desiredReplicas: replicas, availableReplicas };
    } catch (thrown) {
      throw new ScaleRefusedError(`reading '${functionName}': the gateway's answer is no function's status`, {
        cause: thrown,
      });
    }
  }

  return {
    name: "openfaas",
    read,
    async scale(functionName, namespace, desiredReplicas, authority) {
      // The gateway sets a count whatever the present one is: what was decided on is looked at again, right before.
      if (authority?.expected !== undefined) {
        refuseForeignChange(
          functionName,
          (await read(functionName, namespace)).desiredReplicas,
          desiredReplicas,
          authority,
        );
      }
      // faas-netes reads path and query, faasd the body: all three, always.
      const { status, data } = await http
        .post<string>(
          `/system/scale-function/${encodeURIComponent(functionName)}`,
          { serviceName: functionName, replicas: desiredReplicas, namespace },
          {
            params: { namespace },
            ...(authority && { signal: authority.signal }),
            ...(authority?.fencing && { headers: { [FENCING_HEADER]: String(authority.fencing) } }),
          },
        )
        .catch((thrown: unknown) => refuse(functionName, thrown));
      if (status === 404) throw new UnknownFunctionError(`the gateway knows no function '${functionName}'`);
      if (status < 200 || status > 299) {
        throw new ScaleRefusedError(
          `scaling '${functionName}' to ${desiredReplicas}: HTTP ${status} ${firstLine(data)}`,
        );
      }
      return { appliedReplicas: (await read(functionName, namespace)).desiredReplicas };
    },
  };
}

function refuse(functionName: string, thrown: unknown): never {
  throw new ScaleRefusedError(`the gateway did not answer for '${functionName}': ${messageOf(thrown)}`, {
    cause: thrown,
  });
}
