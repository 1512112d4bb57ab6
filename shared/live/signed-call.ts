/** A call that only who holds the project's key may make: what changes something in a function of ours. */
import { systemClock as clock } from "../adapters/system-clock.ts";
import { signCall } from "../host/signature.ts";
import type { FunctionGateway, InvocationAnswer } from "../ports/function-gateway.ts";

/** Who calls: a gateway, and the key that signs. */
export interface SignedCaller {
  readonly gateway: Pick<FunctionGateway, "invoke">;
  readonly key: string;
}

/** Signs `request` as JSON and sends it. Rejects only when no answer comes; any status resolves. */
export function signedCall(
  { gateway, key }: SignedCaller,
  functionName: string,
  request: object,
  timeoutMs?: number,
): Promise<InvocationAnswer> {
  const body = JSON.stringify(request);
  return gateway.invoke(functionName, body, signCall(key, functionName, body, clock.nowMs()), timeoutMs);
}
