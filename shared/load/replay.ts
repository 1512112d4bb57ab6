/**
 * Replays a schedule: open loop, each request at start + offset on the monotonic clock, whether or not answers came.
 * Late requests go at once and are recorded as late; nothing is slept in sequence, so lateness never adds up.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";

import type { LoadWindow, ReplayTotals } from "#shared/core/load.ts";
import { toTraceMs } from "#shared/core/trace-time.ts";
import { type CheckedOptions, checkReplayOptions, type ReplayOptions } from "./replay-options.ts";
import { RequestColumns, type RequestRecord } from "./records.ts";
import { type ReplayResult, summariseColumns } from "./replay-result.ts";
import { scheduleDigest } from "./schedule-file.ts";
import { createSender, type Sender, type SentAnswer } from "./sender.ts";
import { TotalsCounter, unansweredBecause } from "./totals.ts";
import { WindowTally } from "./window-tally.ts";

/** A replay that runs. */
export interface ReplayRun {
  readonly scheduleDigest: string;
  /** Wall clock. */
  readonly startedAtMs: number;
  /** So far; `scheduled` is what is planned, after a stop what was reached. */
  totals(): ReplayTotals;
  readonly columns: RequestColumns;
  readonly finished: Promise<ReplayResult>;
}

/** Plans timers at once and sends from `startAtMs` on. Throws `BadInputError` for a URL that is no target or options out of range. */
export function startReplay(options: ReplayOptions): ReplayRun {
  return new Replay(options);
}

/** Longest sleep of one timer; longer ones would overflow Node's. */
const MAX_SLEEP_MS = 60_000;
/** Requests sent before answers get a turn, so that a burst cannot starve them. */
const BURST = 256;
const DELAY_RESOLUTION_MS = 10;

interface InFlight {
  readonly sentMs: number;
  readonly giveUp: () => void;
}

class Replay implements ReplayRun {
  readonly scheduleDigest: string;
  readonly startedAtMs: number;
  readonly columns: RequestColumns;
  readonly finished: Promise<ReplayResult>;

  readonly #options: CheckedOptions<ReplayOptions>;
  /** The start on the monotonic clock. */
  readonly #startMs: number;
  readonly #startedAtTraceMs: number;
  readonly #tally: WindowTally;
  readonly #counter = new TotalsCounter();
  readonly #sender: Sender;
  /** By seq; insertion order is the order of sending, so the first is the first to time out. */
  readonly #inFlight = new Map<number, InFlight>();
  readonly #windows: LoadWindow[] = [];
  readonly #delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  #next = 0;
  #lastSentMs = 0;
  #pumpTimer: NodeJS.Timeout | undefined;
  readonly #housekeeping: NodeJS.Timeout;
  #over = false;
  #stopped = false;
  #resolve!: (result: ReplayResult) => void;
  #reject!: (thrown: unknown) => void;

  constructor(asked: ReplayOptions) {
    this.#options = checkReplayOptions(asked);
    const { schedule, timeLapse, timeoutMs, signal, epochMs, startAtMs = 0 } = this.#options;
    this.#sender = createSender(asked.url, asked.headers ?? {}, () => this.#elapsedMs());
    this.scheduleDigest = scheduleDigest(schedule);
    this.columns = new RequestColumns(schedule.offsetSeconds.length);
    this.#tally = new WindowTally(schedule, timeLapse, this.#options.sloSeconds);
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#delay.enable();
    const nowMs = Date.now();
    this.startedAtMs = Math.max(nowMs, startAtMs);
    this.#startMs = performance.now() + (this.startedAtMs - nowMs);
    this.#startedAtTraceMs = toTraceMs(this.startedAtMs, { timeLapse, epochMs: epochMs ?? this.startedAtMs });
    const stepMs = Math.max(5, Math.min(100, timeoutMs / 4, this.#tally.windowMs / 4));
    this.#housekeeping = setInterval(() => this.#guarded(() => this.#housekeep()), stepMs);
    this.#schedulePump(0);
    if (signal?.aborted) setImmediate(this.#stop);
    signal?.addEventListener("abort", this.#stop, { once: true });
  }

  totals(): ReplayTotals {
    const counted = this.#counter.read(this.#stopped ? this.#counter.reached : this.columns.length);
    return { ...counted, late: this.#tally.late };
  }

  #elapsedMs(): number {
    return performance.now() - this.#startMs;
  }

  #schedulePump(sleepMs: number): void {
    this.#pumpTimer = setTimeout(() => this.#guarded(() => this.#pump()), Math.min(MAX_SLEEP_MS, Math.ceil(sleepMs)));
  }

  /** Sends what is due, then sleeps until the next one is. */
  #pump(): void {
    for (let burst = 0; this.#next < this.columns.length; burst++) {
      const waitMs = this.#tally.intendedMs(this.#next) - this.#elapsedMs();
      if (waitMs > 0) return this.#schedulePump(waitMs);
      if (burst === BURST) return void setImmediate(() => this.#guarded(() => this.#pump()));
      this.#sendOne(this.#next++);
    }
  }

  #sendOne(seq: number): void {
    const sentMs = this.#elapsedMs();
    if (this.#inFlight.size >= this.#options.maxInFlight) {
      this.#counter.shed();
      this.#tally.shed(seq, sentMs);
      return this.#record(seq, { outcome: "shed", sentMs: null });
    }
    this.#lastSentMs = sentMs;
    this.#counter.sent();
    this.#tally.sent(seq, sentMs);
    const body = this.#options.bodyOf(this.#options.schedule.work[seq]!);
    const giveUp = this.#sender.send(body, (answer) => this.#guarded(() => this.#settle(seq, answer)));
    this.#inFlight.set(seq, { sentMs, giveUp });
  }

  #settle(seq: number, answer: SentAnswer): void {
    const sent = this.#inFlight.get(seq);
    if (!sent) return; // Counted as unfinished already.
    this.#inFlight.delete(seq);
    const { errorClass } = answer;
    this.#counter.ended(errorClass, answer.status);
    this.#tally.ended(errorClass === null, seq, { sentMs: sent.sentMs, endMs: answer.endMs });
    this.#record(seq, { ...answer, sentMs: sent.sentMs, outcome: errorClass === null ? "ok" : "error" });
  }

  #record(seq: number, known: Pick<RequestRecord, "outcome" | "sentMs"> & Partial<SentAnswer>): void {
    const { runId, functionName, schedule, warmUpSeconds, onRecord } = this.#options;
    const record: RequestRecord = {
      runId,
      seq,
      phase: schedule.offsetSeconds[seq]! < warmUpSeconds ? "warm-up" : "measured",
      functionName,
      intendedMs: this.#tally.intendedMs(seq),
      firstByteMs: null,
      endMs: null,
      status: null,
      errorClass: null,
      bytes: 0,
      attempt: 1,
      serverSeconds: null,
      callId: null,
      ...known,
    };
    this.columns.put(record);
    onRecord?.(record);
  }

  /** Times out old requests, closes windows whose time has come, and ends the replay when all is done. */
  #housekeep(): void {
    const nowMs = this.#elapsedMs();
    for (const { sentMs, giveUp } of this.#inFlight.values()) {
      if (nowMs - sentMs < this.#options.timeoutMs) break;
      giveUp();
    }
    while (this.#tally.closed < this.#tally.windows - 1 && nowMs >= this.#tally.nextCloseMs) this.#closeWindow();

    const durationMs = (this.#options.schedule.durationSeconds * 1_000) / this.#options.timeLapse;
    if (this.#next < this.columns.length || nowMs < durationMs) return;
    const drained = this.#inFlight.size === 0 || nowMs >= this.#lastSentMs + this.#options.drainMs;
    if (drained) this.#end();
  }

  #closeWindow(): void {
    const window = this.#tally.close(this.#startedAtTraceMs);
    this.#windows.push(window);
    this.#options.onWindow?.(window, this.totals());
  }

  readonly #stop = (): void =>
    this.#guarded(() => {
      this.#stopped = true;
      this.#end();
    });

  #end(): void {
    const elapsedMs = Math.max(0, this.#elapsedMs());
    for (const [seq, { sentMs }] of this.#inFlight) {
      this.#counter.unfinished();
      this.#record(seq, { outcome: "unfinished", sentMs });
    }
    const cut = [...this.#inFlight.values()];
    this.#inFlight.clear();
    this.#release();
    for (const { giveUp } of cut) giveUp();

    const started = Math.floor(elapsedMs / this.#tally.windowMs) + 1;
    const windows = this.#stopped ? Math.min(this.#tally.windows, started) : this.#tally.windows;
    while (this.#tally.closed < windows) this.#closeWindow();
    this.#resolve(this.#result(elapsedMs));
  }

  #result(elapsedMs: number): ReplayResult {
    const { runId, functionName, schedule, timeLapse } = this.#options;
    const summary = summariseColumns(this.columns, this.#next, this.#options);
    const ms = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - DELAY_RESOLUTION_MS) || 0;
    const invalidBecause = this.#stopped
      ? `it was stopped after ${((elapsedMs * timeLapse) / 1_000).toFixed(0)} of ${schedule.durationSeconds} s`
      : (this.#tally.invalidBecause(summary.latenessMs?.p99 ?? null) ??
        unansweredBecause(this.totals(), this.#counter.unreached));
    return {
      runId,
      functionName,
      scheduleDigest: this.scheduleDigest,
      startedAtMs: this.startedAtMs,
      elapsedMs,
      stopped: this.#stopped,
      totals: this.totals(),
      windows: this.#windows,
      ...summary,
      eventLoopDelayMs: {
        p50: ms(this.#delay.percentile(50)),
        p99: ms(this.#delay.percentile(99)),
        max: ms(this.#delay.max),
      },
      valid: invalidBecause === null,
      invalidBecause,
    };
  }

  /** A callback of ours that throws ends the replay with its error, not the process. */
  #guarded(step: () => void): void {
    if (this.#over) return;
    try {
      step();
    } catch (thrown) {
      this.#release();
      this.#reject(thrown);
    }
  }

  #release(): void {
    this.#over = true;
    clearTimeout(this.#pumpTimer);
    clearInterval(this.#housekeeping);
    this.#delay.disable();
    this.#options.signal?.removeEventListener("abort", this.#stop);
    this.#sender.close();
  }
}
