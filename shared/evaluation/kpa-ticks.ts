/** KPA at its own pace: a sample and a decision each tick (2 s), then what Knative's reconciler makes of it. */
import type { ManagedFunction } from "../core/managed-function.ts";
import type { Tick } from "../core/window.ts";
import { kpaSpec, startKpa, tickKpa, type KpaOptions, type KpaRun } from "../policies/kpa/kpa.ts";
import { reconcile, RECONCILE_DEFAULTS, type RevisionStatus } from "../policies/kpa/reconcile.ts";
import { trimmed } from "../core/spoken.ts";
import type { TickPolicy } from "../sim/simulate.ts";

/** As in Knative; a sample is as old as the last tick (Knative scrapes each second). */
export const KPA_TICK_SECONDS = 2;

/** KPA as a policy that decides on ticks by itself. */
export function kpaTickPolicy(options: KpaOptions): TickPolicy {
  let run: KpaRun | null = null;
  let lastMs: number | null = null;
  let desired = -1;
  let activity: RevisionStatus["activity"] = "active";
  let activeSinceMs = -Infinity;

  return {
    identity: { name: options.name, version: "1" },
    onTick(tick, managed) {
      const { atMs, availableReplicas: ready } = tick;
      const spec = kpaSpec(options, managed.targetInFlight, KPA_TICK_SECONDS);
      run ??= startKpa(spec, ready ?? 0, atMs);
      const sinceSeconds = lastMs === null ? KPA_TICK_SECONDS : (atMs - lastMs) / 1000;
      lastMs = atMs;
      const measured = loadOf(tick, options.metric, sinceSeconds);
      // At zero the activator holds calls and reports them at once (the poke). OpenFaaS's gateway holds them unseen, but wakes the function.
      const isWoken = desired <= 0 && ready === 0 && (tick.desiredReplicas ?? 0) > 0;
      const value = isWoken ? Math.max(1, measured ?? 0) : measured;
      const step = tickKpa(run, { value, ready }, spec, atMs);
      run = step.run;
      if (step.decision.kind === "scale") desired = step.decision.desired;
      // Load on a revision that was inactive activates it; it is active once a replica is ready.
      if (desired > 0 && (activity === "inactive" || (activity === "activating" && (ready ?? 0) > 0))) {
        activity = (ready ?? 0) > 0 ? "active" : "activating";
        activeSinceMs = atMs;
      }
      const outcome = reconcile(desired, statusOf(activity, (atMs - activeSinceMs) / 1000), settingsOf(managed, spec));
      if (outcome.markInactive) {
        activity = "inactive";
        activeSinceMs = atMs;
      }
      if (outcome.apply === null) return null;
      return { proposedReplicas: outcome.apply, because: becauseOf(step, spec.targetValue) };
    },
  };
}

function loadOf(tick: Tick, metric: KpaOptions["metric"], sinceSeconds: number): number | null {
  if (metric === "concurrency") return tick.inFlight;
  return tick.arrivals === null ? null : tick.arrivals / sinceSeconds;
}

/** The activator is in the path as long as the revision is inactive, and it answers. */
function statusOf(activity: RevisionStatus["activity"], forSeconds: number): RevisionStatus {
  return {
    activity,
    activityForSeconds: forSeconds,
    proxiedForSeconds: activity === "inactive" ? forSeconds : 0,
    activatorProbe: true,
    initialScaleReached: true,
    reachable: true,
  };
}

function settingsOf({ minReplicas, maxReplicas }: ManagedFunction, spec: { readonly stableWindowSeconds: number }) {
  const { stableWindowSeconds } = spec;
  return { ...RECONCILE_DEFAULTS, minScale: minReplicas, maxScale: maxReplicas, stableWindowSeconds };
}

function becauseOf(
  { stable, panic }: { readonly stable: number | null; readonly panic: number | null },
  target: number,
) {
  const [steady, burst] = [stable, panic].map((load) => (load === null ? "not measured" : trimmed(load)));
  return `load ${steady} over the stable window, ${burst} over the panic window ÷ target ${trimmed(target)}`;
}
