/** What the page under `/ui` receives: over `GET /ui/api/state`, `GET /ui/api/history/NAME` and the stream `GET /ui/api/events`. */
import type { Applied } from "#shared/core/decision.ts";
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import type { Slo } from "#shared/core/slo.ts";
import type { MetricsWindow } from "#shared/core/window.ts";
import type { BusState } from "#shared/ports/event-bus.ts";
import type { Replica } from "../provider/types.ts";
import type { GatewayProfile } from "#shared/deploy/gateway-profile.ts";

/** `back-off`: replicas crashed and the next start waits, or they are being started again. `idle`: at zero, as asked. */
export type FunctionStateKind = "ready" | "starting" | "scaling" | "back-off" | "idle";

/** What a function is doing. */
export interface FunctionState {
  readonly kind: FunctionStateKind;
  /** One clause where the word does not say it all. */
  readonly detail: string | null;
}

/** A replica, without where it answers. */
export type ReplicaView = Readonly<Omit<Replica, "functionName" | "port">>;

/** A function's measured second. */
export interface Reading {
  readonly atMs: number;
  /** Invocations begun per second, over the last 10 s; null until there are two readings. */
  readonly ratePerSecond: number | null;
  /** Of the invocations that ended in the last 30 s, whatever their status; null when there were none. */
  readonly p95Seconds: number | null;
  readonly desiredReplicas: number;
  readonly availableReplicas: number;
  readonly inFlight: number;
}

/** What a function has used of its SLO's budget in its last hour of trace time, as far as its windows were received. */
export interface BudgetView {
  /** "95 % within 3 s". */
  readonly slo: string;
  /** Of the requests that ended, the share that broke the SLO, 0…1; null where none ended or nothing was measured. */
  readonly share: number | null;
  /** The share that may, 0…1. */
  readonly budget: number;
  /** "3.1 % of 5 % used in the last 12 min". */
  readonly words: string;
}

/** A function as the page shows it. */
export interface FunctionView extends Reading {
  readonly name: string;
  readonly image: string;
  readonly state: FunctionState;
  readonly replicas: readonly ReplicaView[];
  /** Ended since the gateway started: `invocationCount` of `/system/functions`. */
  readonly invocations: number;
  /** Summed over replicas. */
  readonly usage: { readonly milliCpu: number; readonly memoryBytes: number };
  /** Of one replica, as deployed (`100m`, `128Mi`); null where there is none. */
  readonly limits: { readonly cpu: string | null; readonly memory: string | null };
  /** Null when the function is not under Replicant's care. */
  readonly managed: ManagedFunction | null;
  /** Null when the function is not under Replicant's care. */
  readonly budget: BudgetView | null;
}

/** A decision as it was applied. */
export interface DecisionView {
  /** The event's id. */
  readonly id: string;
  /** Wall clock; `applied.atMs` is trace time. */
  readonly reportedAtMs: number;
  readonly applied: Applied;
}

/** A window as it was measured. */
export interface WindowView {
  readonly id: string;
  /** Wall clock; the window itself is in trace time. */
  readonly reportedAtMs: number;
  readonly window: MetricsWindow;
  /** By which its late share was counted. */
  readonly slo: Slo;
}

/** Where decisions are received from. */
export interface BusView {
  readonly description: string;
  readonly state: BusState;
}

/** What does not change while the page is open. */
export interface PlatformView {
  readonly version: string;
  readonly profile: GatewayProfile;
  /** How CPU and memory limits are enforced, one line for people. */
  readonly limits: string;
}

/** Every function at an instant. */
export interface Sample {
  readonly atMs: number;
  /** Null when no bus was given: no decisions are received. */
  readonly bus: BusView | null;
  readonly functions: readonly FunctionView[];
}

/** All that the page begins with. */
export interface UiState extends Sample {
  readonly platform: PlatformView;
  /** By function: rates of the last minute, oldest first. */
  readonly recentRates: Readonly<Record<string, readonly (number | null)[]>>;
  /** Newest last, at most 100. */
  readonly decisions: readonly DecisionView[];
  /** Newest last, at most 100, of all managed functions. */
  readonly windows: readonly WindowView[];
}

/** Columns of equal length, oldest first. */
export type HistoryView = { readonly [Column in keyof Reading]: readonly Reading[Column][] };

/** Each travels as one server-sent event of that name. */
export type UiMessage =
  | { readonly event: "sample"; readonly data: Sample }
  | { readonly event: "decision"; readonly data: DecisionView }
  | { readonly event: "window"; readonly data: WindowView };
