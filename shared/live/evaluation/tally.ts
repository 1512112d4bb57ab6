/** What a live run comes to: events in, the same figures as a simulation's out. */
import type { Applied } from "../../core/decision.ts";
import type { LoadReport, LoadWindow } from "../../core/load.ts";
import type { Slo } from "../../core/slo.ts";
import type { MetricsWindow, Tick } from "../../core/window.ts";
import type { RowTotals } from "../../evaluation/rows.ts";
import { Reversals } from "../../sim/reversals.ts";
import type { PolicyShare } from "../run/policy-shares.ts";
import { RunRecord, type RunSpan, type WindowRow } from "../run/record.ts";

/** The figures of one live run. */
export interface LiveRun {
  readonly totals: RowTotals;
  readonly windows: readonly WindowRow[];
  /** Who decided, by policy, version and trigger. */
  readonly policies: readonly PolicyShare[];
  readonly scheduleDigest: string;
  /** Null when the load kept its schedule. */
  readonly invalidBecause: string | null;
}

/** Of answered requests. */
export type Latency = Pick<RowTotals, "p50Seconds" | "p95Seconds" | "p99Seconds">;

/** Adds up the events of one live run. */
export class LiveTally {
  readonly #record: RunRecord;
  readonly #loadWindows: LoadWindow[] = [];
  #desired: number | null = null;
  #churn = 0;
  readonly #reversals = new Reversals();
  #held = 0;

  constructor(span: RunSpan) {
    this.#record = new RunRecord(span);
  }

  get windowCount(): number {
    return this.#record.windows().length;
  }

  onTick(tick: Tick): void {
    this.#record.onTick(tick);
    if (!this.#counts(tick) || tick.desiredReplicas === null) return;
    const before = this.#desired ?? tick.desiredReplicas;
    this.#churn += Math.abs(tick.desiredReplicas - before);
    this.#reversals.note(before, tick.desiredReplicas, tick.atMs / 1000);
    this.#desired = tick.desiredReplicas;
  }

  /** Whether it belongs to the run. */
  onWindow(window: MetricsWindow, slo: Slo): boolean {
    return this.#record.onWindow(window, slo);
  }

  onApplied(applied: Applied): void {
    this.#record.onApplied(applied);
    const isHeld = applied.stages.some(({ stage, note }) => stage === "valid" && note !== null);
    if (this.#counts(applied) && isHeld) this.#held++;
  }

  onLoad(report: LoadReport): void {
    if (report.functionName !== this.#record.span.functionName) return;
    this.#record.onLoad(report);
    if (report.window !== null) this.#loadWindows.push(report.window);
  }

  isOver(runId: string): boolean {
    const { load, span } = this.#record;
    const lastEndMs = this.#record.windows().at(-1)?.endedAtMs ?? -Infinity;
    return load?.runId === runId && load.phase === "finished" && lastEndMs >= span.untilMs;
  }

  isDecided(): boolean {
    return this.#record.isAllDecided();
  }

  /** One sentence on why the run is not over. */
  whatIsMissing(windows: number): string {
    const { load } = this.#record;
    if (load?.phase !== "finished") return "the load generator did not report the end of the replay";
    return `only ${this.windowCount} of ${windows} windows came; 'replicant status' shows which part is not well`;
  }

  result(durationSeconds: number, latency: Latency): Omit<LiveRun, "scheduleDigest"> {
    const record = this.#record.totals();
    const { scheduled, failed, shed, unfinished, sloViolationShare, replicaSeconds, policies, decisionsBy } = record;
    const busy = this.#loadWindows.filter((window) => window.scheduled > 0);
    const served = busy.filter((window) => window.failed === 0 && window.shed === 0);
    const changed = policies
      .filter(({ trigger }) => trigger === "proposal")
      .reduce((sum, one) => sum + one.guarded + one.bounded, 0);
    return {
      totals: {
        durationSeconds,
        calls: scheduled,
        failed: failed + shed + unfinished,
        sloViolationShare: sloViolationShare ?? 0,
        ...latency,
        windowsFullyServedShare: busy.length === 0 ? null : served.length / busy.length,
        replicaSeconds,
        churn: this.#churn,
        reversals: this.#reversals.count,
        coldStarts: null,
        replicaStarts: null,
        clippedDecisions: changed,
        heldDecisions: this.#held,
        decisions: decisionsBy,
      },
      windows: this.#record.rows(),
      policies,
      invalidBecause: record.invalidBecause,
    };
  }

  #counts({ functionName, atMs }: { readonly functionName: string; readonly atMs: number }): boolean {
    return this.#record.isInSpan(functionName, atMs);
  }
}
