/** A function as it is on the wire: OpenFaaS's `FunctionStatus`. */
import type { FunctionDeployment, FunctionSnapshot } from "../../provider/types.ts";
import { NAMESPACE } from "../../provider/environment.ts";

/** The deployment, and what has become of it. */
export interface FunctionStatusBody extends Omit<FunctionDeployment, "service" | "namespace"> {
  readonly name: string;
  readonly namespace: string;
  /** Known to gateways only. */
  readonly invocationCount: number | undefined;
  readonly replicas: number;
  readonly availableReplicas: number;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly usage?: { readonly cpu: number; readonly totalMemoryBytes: number };
}

/** `invocationCount` is undefined from a provider; usage only where it was asked for. */
export function statusBody(
  snapshot: FunctionSnapshot,
  invocationCount: number | undefined,
  withUsage = false,
): FunctionStatusBody {
  const { service, namespace: _, ...deployment } = snapshot.deployment;
  return {
    name: service,
    ...deployment,
    namespace: NAMESPACE,
    invocationCount,
    replicas: snapshot.desiredReplicas,
    availableReplicas: snapshot.availableReplicas,
    createdAt: new Date(snapshot.createdAtMs).toISOString(),
    ...(withUsage && { usage: snapshot.usage }),
  };
}
