/** `FunctionGateway` over the gateway's REST API. */
import { BadInputError } from "../../core/errors.ts";
import type { FunctionGateway, FunctionStatus } from "../../ports/function-gateway.ts";
import { firstLine, gatewayClient, type GatewayAddress } from "./client.ts";

/** The gateway at `address`. Its calls reject when no answer comes. */
export function openfaasGateway(address: GatewayAddress): FunctionGateway {
  const http = gatewayClient(address);
  return {
    async list() {
      const { status, data } = await http.get<string>("/system/functions");
      if (status !== 200) throw new Error(`the gateway did not list its functions: HTTP ${status} ${firstLine(data)}`);
      const parsed: unknown = JSON.parse(data);
      if (!Array.isArray(parsed)) throw new BadInputError("the gateway's list of functions is not a list");
      return parsed.map(toStatus);
    },
    async ask(functionName, query = {}) {
      const { status, data } = await http.get<string>(`/function/${encodeURIComponent(functionName)}`, {
        params: query,
      });
      return { status, body: data };
    },
    async invoke(functionName, body, headers = {}, timeoutMs = 10_000) {
      const { status, data } = await http.post<string>(`/function/${encodeURIComponent(functionName)}`, body, {
        headers,
        timeout: timeoutMs,
      });
      return { status, body: data };
    },
  };
}

/** Go omits zero values: a missing `replicas` means 0. */
export function toStatus(json: unknown): FunctionStatus {
  const given = (json ?? {}) as Partial<FunctionStatus>;
  if (typeof given.name !== "string") throw new BadInputError("the gateway listed a function without a name");
  return {
    name: given.name,
    namespace: given.namespace || "openfaas-fn",
    image: given.image ?? "",
    replicas: given.replicas ?? 0,
    availableReplicas: given.availableReplicas ?? 0,
    labels: given.labels ?? {},
    annotations: given.annotations ?? {},
    limits: given.limits ?? {},
    requests: given.requests ?? {},
  };
}
