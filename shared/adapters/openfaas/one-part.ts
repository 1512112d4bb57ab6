/** A part called at its own address, where it is no function: a Deployment of the manifests. */
import type { FunctionGateway } from "../../ports/function-gateway.ts";
import { gatewayClient } from "./client.ts";

/** Calls the part at `url`, whatever function is named; credentials are never sent. Rejects when no answer comes. */
export function onePart(url: string): Pick<FunctionGateway, "invoke"> {
  const http = gatewayClient({ url, user: null, password: null });
  return {
    async invoke(_functionName, body, headers = {}, timeoutMs = 10_000) {
      const { status, data } = await http.post<string>("/", body, { headers, timeout: timeoutMs });
      return { status, body: data };
    },
  };
}
