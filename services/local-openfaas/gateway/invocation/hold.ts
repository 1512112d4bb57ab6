/** Scale from zero: an invocation without a ready replica waits for one. */
import type { FunctionSnapshot, Provider, Replica } from "../../provider/types.ts";
import type { GatewayLimits } from "../limits.ts";
import type { Meters } from "../metrics/meter.ts";
import { deployedFunction, Refusal } from "../refusal.ts";
import type { ProfileRules } from "#shared/deploy/gateway-profile.ts";
import { replicaBounds } from "../profile.ts";

/** Where a replica is looked for, and how long. */
export interface HoldSetup extends Pick<GatewayLimits, "holdMs"> {
  readonly provider: Provider;
  readonly meters: Meters;
  readonly rules: ProfileRules;
}

/**
 * A ready replica, after waiting for it; scales a function at zero to `max(1, scale.min)` first. Refuses with 404 or 503.
 * Undefined when the caller has left.
 */
export async function holdForReplica(
  functionName: string,
  setup: HoldSetup,
  left: AbortSignal,
): Promise<Replica | undefined> {
  const { provider, meters } = setup;
  const startedAtMs = performance.now();
  const deadlineMs = startedAtMs + setup.holdMs;
  for (;;) {
    const snapshot = deployedFunction(provider, functionName);
    if (snapshot.desiredReplicas === 0) {
      provider.scale(functionName, Math.max(1, replicaBounds(snapshot.deployment.labels, setup.rules).min));
    }
    const ready = await provider.whenReady(functionName, Math.max(0, deadlineMs - performance.now()), left);
    if (left.aborted) return undefined;
    const replica = provider.pickReady(functionName);
    if (replica) {
      meters.of(functionName).coldStarts.add((performance.now() - startedAtMs) / 1000);
      return replica;
    }
    // Ready and gone again before we looked: wait on. A removed function shows at the top of the loop.
    const now = provider.get(functionName);
    if (!ready && now) throw notReady(now, performance.now() - startedAtMs);
  }
}

function notReady({ deployment, backOff }: FunctionSnapshot, waitedMs: number): Refusal {
  const why = backOff ? `: ${backOff.lastError}` : "";
  return new Refusal(
    503,
    `no replica of '${deployment.service}' became ready within ${(waitedMs / 1000).toFixed(1)} s${why}`,
    { "X-OpenFaaS-Internal": "proxy" },
  );
}
