/** The thing that accepts a replica count. */

/** The replicas of one function, as the platform reports them. */
export interface ReplicaCount {
  /** What the platform was last asked for (spec). */
  readonly desiredReplicas: number;
  /** Ready to take invocations. */
  readonly availableReplicas: number;
}

/** By what right, and until when, a count is set. */
export interface ScaleAuthority {
  /** The lease's fencing number; a platform that remembers the highest one refuses lower ones. Null without a lease. */
  readonly fencing: number | null;
  /** Aborts when the right ends: nothing more may be sent then. */
  readonly signal: AbortSignal;
  /** The count that was decided on: where there is another one by now, nothing is set. */
  readonly expected?: number | undefined;
}

/** Reads and sets replica counts. Rejects with `UnknownFunctionError` or `ScaleRefusedError`. */
export interface ScaleTarget {
  /** `openfaas`, `kubernetes`, …: part of every applied event. */
  readonly name: string;
  read(functionName: string, namespace: string): Promise<ReplicaCount>;
  /** Asks for `desiredReplicas` and answers the count read back, which a platform's cap may have changed. */
  scale(
    functionName: string,
    namespace: string,
    desiredReplicas: number,
    authority?: ScaleAuthority,
  ): Promise<{ readonly appliedReplicas: number }>;
}

/** The platform does not know the function; there is nothing to retry. */
export class UnknownFunctionError extends Error {
  override readonly name = "UnknownFunctionError";
}

/** The platform refused or did not answer; another try later may do. */
export class ScaleRefusedError extends Error {
  override readonly name = "ScaleRefusedError";
}

/** Throws `ScaleRefusedError` where someone else set the count since it was decided on. */
export function refuseForeignChange(
  functionName: string,
  found: number,
  desired: number,
  authority: Pick<ScaleAuthority, "expected"> | undefined,
): void {
  const expected = authority?.expected;
  if (expected === undefined || found === expected || found === desired) return;
  throw new ScaleRefusedError(
    `'${functionName}' was set from ${expected} to ${found} by someone else just now, so it was not set to ${desired}`,
  );
}
