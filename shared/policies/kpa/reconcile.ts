/** What Knative's reconciler makes of KPA's number: bounds, scale to zero, and how many activators are in the path. */

/** What the reconciler knows of a revision. */
export interface RevisionStatus {
  readonly activity: "activating" | "active" | "inactive";
  /** How long it has been so. */
  readonly activityForSeconds: number;
  /** How long the activator has been in the path. */
  readonly proxiedForSeconds: number;
  /** The activator answered its probe, so that no call is lost at zero. */
  readonly activatorProbe: boolean;
  readonly initialScaleReached: boolean;
  readonly reachable: boolean;
}

/** Knative's settings for bounds and scale to zero. */
export interface ReconcileSettings {
  readonly minScale: number;
  /** 0 = unlimited. */
  readonly maxScale: number;
  readonly initialScale: number;
  readonly enableScaleToZero: boolean;
  readonly stableWindowSeconds: number;
  readonly graceSeconds: number;
  readonly retentionSeconds: number;
  readonly progressDeadlineSeconds: number;
  readonly targetBurstCapacity: number;
}

/** Knative's defaults. */
export const RECONCILE_DEFAULTS: ReconcileSettings = {
  minScale: 0,
  maxScale: 0,
  initialScale: 1,
  enableScaleToZero: true,
  stableWindowSeconds: 60,
  graceSeconds: 30,
  retentionSeconds: 0,
  progressDeadlineSeconds: 600,
  targetBurstCapacity: 211,
};

/** Given on top of the progress deadline before an activation counts as failed. */
const ACTIVATION_BUFFER_SECONDS = 30;

/** What the reconciler does with a count. */
export interface Reconciled {
  /** The count to apply; null: no scaling now. */
  readonly apply: number | null;
  /** The revision is to be marked inactive first, which puts the activator in the path. */
  readonly markInactive: boolean;
  /** Look again then; null where an event will come by itself. */
  readonly againAfterSeconds: number | null;
}

const apply = (replicas: number, againAfterSeconds: number | null = null): Reconciled => ({
  apply: replicas,
  markInactive: false,
  againAfterSeconds,
});
const wait = (againAfterSeconds: number | null): Reconciled => ({
  apply: null,
  markInactive: false,
  againAfterSeconds,
});

/** `desired` below 0: no metrics yet. */
export function reconcile(desired: number, status: RevisionStatus, settings: ReconcileSettings): Reconciled {
  if (desired < 0 && status.activity !== "activating") return wait(null);
  const ownMin = status.reachable ? settings.minScale : 0;
  const min = status.initialScaleReached ? ownMin : Math.max(ownMin, settings.initialScale);
  const raised = Math.max(desired, min);
  const bounded = settings.maxScale > 0 ? Math.min(raised, settings.maxScale) : raised;
  return bounded === 0 ? toZero(status, settings) : apply(bounded);
}

function toZero(status: RevisionStatus, settings: ReconcileSettings): Reconciled {
  if (!settings.enableScaleToZero) return apply(1);
  const { activity, activityForSeconds: since } = status;
  if (activity === "activating") {
    const timeoutSeconds = settings.progressDeadlineSeconds + ACTIVATION_BUFFER_SECONDS;
    return since >= timeoutSeconds ? apply(0) : wait(timeoutSeconds);
  }
  if (activity === "active") {
    if (since >= settings.stableWindowSeconds) return { apply: null, markInactive: true, againAfterSeconds: null };
    return apply(1, settings.stableWindowSeconds - since);
  }
  if (settings.targetBurstCapacity !== -1 && !status.activatorProbe) return wait(null);
  const sureSeconds = Math.max(settings.graceSeconds, settings.retentionSeconds);
  const proxied = since >= settings.retentionSeconds && status.proxiedForSeconds >= settings.graceSeconds;
  return since >= sureSeconds || proxied ? apply(0) : wait(settings.graceSeconds);
}
