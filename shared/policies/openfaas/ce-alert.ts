/** `APIHighInvocationRate` from Prometheus through Alertmanager: when the community gateway hears of load. */

export interface CeAlertSpec {
  /** More successful invocations per second than this, over 10 s. */
  readonly thresholdRps: number;
  /** For at least so long. */
  readonly forSeconds: number;
  readonly evaluationSeconds: number;
  /** Alertmanager: from the first firing to the first notification, between looks, and between repetitions. */
  readonly groupWaitSeconds: number;
  readonly groupIntervalSeconds: number;
  readonly repeatSeconds: number;
}

export const CE_ALERT_DEFAULTS: CeAlertSpec = {
  thresholdRps: 5,
  forSeconds: 5,
  evaluationSeconds: 15,
  groupWaitSeconds: 5,
  groupIntervalSeconds: 10,
  repeatSeconds: 30,
};

type Status = "firing" | "resolved";

export interface CeAlertState {
  readonly nextEvaluationMs: number | null;
  readonly pendingSinceMs: number | null;
  readonly firing: boolean;
  /** When Alertmanager looks next; null while it knows of no alert. */
  readonly nextLookMs: number | null;
  readonly lastSent: { readonly atMs: number; readonly status: Status } | null;
}

export const CE_QUIET: CeAlertState = {
  nextEvaluationMs: null,
  pendingSinceMs: null,
  firing: false,
  nextLookMs: null,
  lastSent: null,
};

/**
 * Takes the 10 s rate of code 200 at `nowMs` (null: no such series, which is no alert) and answers the notification the
 * gateway gets, if any. Call it at least as often as it looks, for instance every 2 s.
 */
export function observeCe(
  before: CeAlertState,
  okRps: number | null,
  spec: CeAlertSpec,
  nowMs: number,
): { readonly state: CeAlertState; readonly notification: Status | null } {
  let state = before;
  if (state.nextEvaluationMs === null || nowMs >= state.nextEvaluationMs) {
    const high = okRps !== null && okRps > spec.thresholdRps;
    const pendingSinceMs = high ? (state.pendingSinceMs ?? nowMs) : null;
    const firing = pendingSinceMs !== null && nowMs - pendingSinceMs >= spec.forSeconds * 1000;
    const begins = firing && state.nextLookMs === null;
    state = {
      ...state,
      nextEvaluationMs: nowMs + spec.evaluationSeconds * 1000,
      pendingSinceMs,
      firing,
      nextLookMs: begins ? nowMs + spec.groupWaitSeconds * 1000 : state.nextLookMs,
    };
  }
  if (state.nextLookMs === null || nowMs < state.nextLookMs) return { state, notification: null };

  const status: Status = state.firing ? "firing" : "resolved";
  const { lastSent } = state;
  const repeated = lastSent !== null && status === "firing" && nowMs - lastSent.atMs >= spec.repeatSeconds * 1000;
  // What was resolved before anyone heard of it is not worth a word.
  const news = lastSent === null ? status === "firing" : lastSent.status !== status || repeated;
  const over = status === "resolved";
  return {
    state: {
      ...state,
      nextLookMs: over ? null : nowMs + spec.groupIntervalSeconds * 1000,
      lastSent: over ? null : news ? { atMs: nowMs, status } : lastSent,
    },
    notification: news ? status : null,
  };
}
