/** What is deployed of a function, so that it can be deployed otherwise and put back. */
import { firstLine, gatewayClient, type GatewayAddress } from "../adapters/openfaas/client.ts";
import { BadInputError } from "../core/errors.ts";

/** OpenFaaS's `FunctionStatus` as the wire has it: a `FunctionDeployment` but for its name. */
type WireStatus = Readonly<Record<string, unknown>> & {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly envVars?: Readonly<Record<string, string>>;
};

/** Of a status, the fields that a deployment has. */
const DEPLOYED = [
  ...(["image", "namespace", "envProcess", "envVars", "constraints", "secrets", "labels", "annotations"] as const),
  ...(["limits", "requests", "readOnlyRootFilesystem"] as const),
] as const;

/** A function's deployment, as it was found. */
export interface Deployment {
  readonly found: WireStatus;
  /** Deploys it with these changes. Rejects with the gateway's words. */
  deploy(changes: Partial<Pick<WireStatus, "annotations" | "envVars">>): Promise<void>;
}

/** Throws `BadInputError` where the gateway does not describe it. */
export async function readDeployment(
  address: GatewayAddress,
  functionName: string,
  namespace: string,
): Promise<Deployment> {
  const http = gatewayClient(address);
  const { status, data } = await http.get<string>(`/system/function/${functionName}`, { params: { namespace } });
  if (status !== 200)
    throw new BadInputError(`function '${functionName}' could not be described: HTTP ${status} ${firstLine(data)}`);
  const found = JSON.parse(data) as WireStatus;
  const deployed = Object.fromEntries(DEPLOYED.flatMap((key) => (found[key] === undefined ? [] : [[key, found[key]]])));
  return {
    found,
    async deploy(changes) {
      const answer = await http.put<string>("/system/functions", { ...deployed, service: functionName, ...changes });
      if (answer.status >= 200 && answer.status <= 299) return;
      throw new BadInputError(
        `'${functionName}' could not be updated: HTTP ${answer.status} ${firstLine(answer.data)}`,
      );
    },
  };
}
