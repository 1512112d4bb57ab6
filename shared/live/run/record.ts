/** What `up` knows of a run: events in, rows and totals out. Pure: the same events give the same record, delivered again or not. */
import type { Applied, GuardStage } from "../../core/decision.ts";
import type { LoadReport, ReplayTotals } from "../../core/load.ts";
import type { ModelNews } from "../../core/model.ts";
import type { Slo } from "../../core/slo.ts";
import type { ErrorCounts, LateShare, MetricsWindow, Tick } from "../../core/window.ts";
import type { StartedLoad } from "../load.ts";
import { PolicyShares, type PolicyShare } from "./policy-shares.ts";
import { budgetsOf, seenByLoad, type FunctionBudget, type SeenByLoad } from "./budgets.ts";

/** One window of a managed function, joined with what was decided on it. */
export interface WindowRow {
  readonly functionName: string;
  readonly seq: number;
  readonly endedAtMs: number;
  readonly arrivals: number | null;
  readonly completedOk: number | null;
  readonly completedError: ErrorCounts | null;
  readonly p95Seconds: number | null;
  readonly slo: Slo;
  /** Of the requests that ended in it, the share that broke the SLO. */
  readonly late: LateShare;
  readonly desiredReplicas: number | null;
  readonly availableReplicas: number | null;
  /** What the replicas used of the CPU that they request. */
  readonly cpuRatio: number | null;
  readonly proposedReplicas: number | null;
  /** The count after the decision, as read from the platform; null when no decision came or the platform did not answer. */
  readonly appliedReplicas: number | null;
  readonly policy: string | null;
  readonly reason: string;
  readonly stages: readonly GuardStage[];
  /** Decisions on ticks inside this window, before its end: of the reactive floor, or of a held target. */
  readonly between: readonly {
    readonly atMs: number;
    readonly reason: string;
    readonly appliedReplicas: number | null;
    readonly isUp: boolean;
  }[];
}

/** The totals of a run: its load, its decisions and its cost. */
export interface RunTotals extends Omit<ReplayTotals, "late"> {
  /** Desired replicas integrated over the run's ticks, trace time. */
  readonly replicaSeconds: number;
  readonly sloViolationShare: number | null;
  /** The function that the load called. */
  readonly loadedFunction: string | null;
  /** By function: what the run used of its budget, as measured by the platform's windows. */
  readonly budgets: readonly FunctionBudget[];
  /** The same of the load's function as its generator saw it, of the requests that ended; null without a load or an SLO. */
  readonly seenByLoad: SeenByLoad | null;
  readonly maxReplicas: number;
  readonly scaleUps: number;
  readonly scaleDowns: number;
  readonly scheduleDigest: string | null;
  /** Null without a load. */
  readonly valid: boolean | null;
  readonly invalidBecause: string | null;
  /** How many decisions each trigger made. */
  readonly decisionsBy: Readonly<Record<Applied["trigger"], number>>;
  /** The same by policy and version, in the order of their first decision. */
  readonly policies: readonly PolicyShare[];
  /** What became of the function's model meanwhile, in order. */
  readonly news: readonly Pick<ModelNews, "action" | "policy" | "summary">[];
}

const NO_LOAD = { scheduled: 0, sent: 0, ok: 0, failed: 0, shed: 0, unfinished: 0, failedByClass: {}, late: null };

/** Which part of trace time counts. */
export interface RunSpan {
  readonly functionName: string | null;
  readonly fromMs: number;
  /** Windows that end later are not part of the run. */
  readonly untilMs: number;
}

interface Pending {
  readonly window: MetricsWindow;
  readonly slo: Slo;
  applied: Applied | null;
}

/** The record of one run. */
export class RunRecord {
  readonly #pending: Pending[] = [];
  readonly #floors: Applied[] = [];
  /** Proposals and decisions may overtake their window on the way here. */
  readonly #early = new Map<string, Applied>();
  readonly #lastTick = new Map<string, Tick>();
  #load: LoadReport | null = null;
  #replicaSeconds = 0;
  #maxReplicas = 0;
  #scaleUps = 0;
  #scaleDowns = 0;
  readonly #decisionsBy = { proposal: 0, fallback: 0, floor: 0, tick: 0 };
  readonly #policies = new PolicyShares();
  readonly #news: ModelNews[] = [];
  /** Ids of decisions and news that were counted. */
  readonly #seen = new Set<string>();

  constructor(readonly span: RunSpan) {}

  /** Whether an instant of a function, trace time, is in the span: its begin excluded, its end included. */
  isInSpan(functionName: string, atMs: number): boolean {
    const { functionName: only, fromMs, untilMs } = this.span;
    return (only === null || only === functionName) && atMs > fromMs && atMs <= untilMs;
  }

  onTick(tick: Tick): void {
    if (!this.isInSpan(tick.functionName, tick.atMs)) return;
    const last = this.#lastTick.get(tick.functionName);
    if (last && tick.atMs <= last.atMs) return; // delivered again
    const replicas = tick.desiredReplicas ?? last?.desiredReplicas ?? 0;
    if (last) this.#replicaSeconds += (replicas * (tick.atMs - last.atMs)) / 1_000;
    this.#maxReplicas = Math.max(this.#maxReplicas, tick.availableReplicas ?? 0);
    this.#lastTick.set(tick.functionName, { ...tick, desiredReplicas: replicas });
  }

  /** Returns whether the window belongs to the run and is new: a bus that was away delivers again. */
  onWindow(window: MetricsWindow, slo: Slo): boolean {
    if (!this.isInSpan(window.functionName, window.endedAtMs)) return false;
    if (this.#pending.some((known) => isSame(known.window, window))) return false;
    const key = keyOf(window.functionName, window.seq);
    this.#pending.push({ window, slo, applied: this.#early.get(key) ?? null });
    this.#early.delete(key);
    return true;
  }

  onApplied(applied: Applied): void {
    if (!this.isInSpan(applied.functionName, applied.atMs)) return;
    if (this.#seen.has(applied.decisionId)) return;
    this.#seen.add(applied.decisionId);
    this.#decisionsBy[applied.trigger]++;
    this.#policies.add(applied);
    if (applied.applied !== null && applied.current !== null) {
      if (applied.applied > applied.current) this.#scaleUps++;
      if (applied.applied < applied.current) this.#scaleDowns++;
    }
    if (applied.seq === null) {
      this.#floors.push(applied);
      return;
    }
    const key = keyOf(applied.functionName, applied.seq);
    // A restarted collector numbers anew: the last window of that number is meant.
    const pending = this.#pending.findLast(({ window }) => keyOf(window.functionName, window.seq) === key);
    if (pending) pending.applied = applied;
    else this.#early.set(key, applied);
  }

  onLoad(report: LoadReport): void {
    if (this.span.functionName === null || report.functionName === this.span.functionName) this.#load = report;
  }

  /** The load ended without a report of its end. */
  loseLoad({ runId, scheduleDigest, scheduled }: StartedLoad, because: string): void {
    if (this.#load?.phase === "finished") return;
    const unreported = { functionName: this.span.functionName ?? "", totals: { ...NO_LOAD, scheduled } };
    const open = { window: null, sloViolationShare: null };
    const ended = { phase: "finished", valid: false, invalidBecause: because } as const;
    this.#load = { ...unreported, ...open, runId, scheduleDigest, ...this.#load, ...ended };
  }

  /** Returns whether it is about the run's function and new; `eventId` distinguishes it from one that was delivered again. */
  onModel(news: ModelNews, eventId: string): boolean {
    const { functionName } = this.span;
    if ((functionName !== null && functionName !== news.functionName) || this.#seen.has(eventId)) return false;
    this.#seen.add(eventId);
    this.#news.push(news);
    return true;
  }

  get load(): LoadReport | null {
    return this.#load;
  }

  /** Whether the decision on a window is known. */
  isDecided(one: Pick<WindowRow, "functionName" | "seq" | "endedAtMs">): boolean {
    return this.#pending.some(({ window, applied }) => applied !== null && isSame(window, one));
  }

  /** Whether the decision on every window so far is known. */
  isAllDecided(): boolean {
    return this.#pending.every(({ applied }) => applied !== null);
  }

  /** In their order. */
  windows(): MetricsWindow[] {
    return this.#pending.map(({ window }) => window);
  }

  rows(): WindowRow[] {
    return this.#pending.map((pending) => rowOf(pending, this.#floors));
  }

  totals(): RunTotals {
    const { late: _late, ...counts } = this.#load?.totals ?? NO_LOAD;
    return {
      ...counts,
      replicaSeconds: Math.round(this.#replicaSeconds * 10) / 10,
      sloViolationShare: this.#load?.sloViolationShare ?? null,
      loadedFunction: this.#load?.functionName ?? null,
      budgets: budgetsOf(this.#pending),
      seenByLoad: seenByLoad(this.#load),
      maxReplicas: this.#maxReplicas,
      scaleUps: this.#scaleUps,
      scaleDowns: this.#scaleDowns,
      scheduleDigest: this.#load?.scheduleDigest ?? null,
      valid: this.#load?.valid ?? null,
      invalidBecause: this.#load?.invalidBecause ?? null,
      decisionsBy: { ...this.#decisionsBy },
      policies: this.#policies.all,
      news: this.#news.map(({ action, policy, summary }) => ({ action, policy, summary })),
    };
  }
}

function isSame(
  a: Pick<WindowRow, "functionName" | "seq" | "endedAtMs">,
  b: Pick<WindowRow, "functionName" | "seq" | "endedAtMs">,
): boolean {
  return a.functionName === b.functionName && a.seq === b.seq && a.endedAtMs === b.endedAtMs;
}

const keyOf = (functionName: string, seq: number) => `${functionName}#${seq}`;

function rowOf({ window, slo, applied }: Pending, floors: readonly Applied[]): WindowRow {
  const startedAtMs = window.endedAtMs - window.windowSeconds * 1_000;
  const between = floors
    .filter(
      ({ functionName, atMs }) =>
        functionName === window.functionName && atMs > startedAtMs && atMs <= window.endedAtMs,
    )
    .map(({ atMs, reason, applied, current, desired }) => ({
      ...{ atMs, reason, appliedReplicas: applied },
      isUp: (desired ?? 0) >= (current ?? 0),
    }));
  return {
    functionName: window.functionName,
    seq: window.seq,
    endedAtMs: window.endedAtMs,
    arrivals: window.arrivals,
    completedOk: window.completedOk,
    completedError: window.completedError,
    p95Seconds: window.latencySeconds.p95,
    slo,
    late: window.late,
    desiredReplicas: window.desiredReplicas,
    availableReplicas: window.availableReplicas,
    cpuRatio: window.cpuRatio,
    proposedReplicas: applied?.proposed ?? null,
    appliedReplicas: applied ? (applied.applied ?? applied.current) : null,
    policy: applied?.policy.name ?? null,
    reason: applied?.reason ?? "no decision came for this window",
    stages: applied?.stages ?? [],
    between,
  };
}
