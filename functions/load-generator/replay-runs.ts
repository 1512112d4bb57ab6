/** Replays, one at a time: starts them, publishes reports about them, and remembers how the last ones ended. */
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import type { LoadReport, LoadWindow, ReplayTotals } from "#shared/core/load.ts";
import { planSchedule } from "#shared/traces/schedule.ts";
import type { Trace } from "#shared/traces/trace.ts";
import { makeEvent } from "#shared/events/codec.ts";
import type { Log } from "#shared/host/log.ts";
import { type ReplayRun, startReplay } from "#shared/load/replay.ts";
import { finishedReport, type ReplayResult } from "#shared/load/replay-result.ts";
import { scheduleDigest } from "#shared/load/schedule-file.ts";
import { stressBody } from "#shared/load/stress-body.ts";
import type { EventBus } from "#shared/ports/event-bus.ts";
import type { ReplayRequest } from "./request.ts";

/** What runs need: the bus, the gateway's URL, clocks and a log. */
export interface ReplayRunsDeps {
  readonly bus: Pick<EventBus, "publish">;
  /** Load goes to this gateway's functions and nowhere else. */
  readonly gatewayUrl: string;
  /** Where trace time and wall time agree; null = at the start of each run. */
  readonly epochMs: number | null;
  readonly nowMs: () => number;
  readonly log: Log;
}

/** One run, as the status shows it. */
export interface RunStatus {
  readonly runId: string;
  readonly state: "running" | "finished" | "broken";
  readonly functionName: string;
  readonly trace: string;
  readonly scheduleDigest: string;
  readonly startedAtMs: number;
  readonly totals: ReplayTotals;
  /** Without its windows, which are published one by one on the bus; null until the run is over. */
  readonly result: Omit<ReplayResult, "windows"> | null;
  /** Why a run is broken; null otherwise. */
  readonly problem: string | null;
}

/** Another run holds the generator. */
export class RunInProgressError extends Error {
  override readonly name = "RunInProgressError";
  constructor(readonly runId: string) {
    super(`run '${runId}' is in progress: stop it or wait for its end`);
  }
}

/** One process sends from memory; more requests than this belong into several runs. */
export const MAX_REQUESTS_A_RUN = 1_000_000;
const REMEMBERED_RUNS = 20;
/** Digest and instant of the start. */
const RUN_ID = /^[0-9a-f]{12}-(\d{1,16})$/;

interface Run {
  readonly stop: AbortController;
  /** Null once it is over, so that its records can be freed. */
  replay: ReplayRun | null;
  status: RunStatus;
  /** Settles when the run is over and its reports are published; never rejects. */
  over: Promise<void>;
}

/** The runs of this process, the last 20 of them remembered. */
export class ReplayRuns {
  readonly #runs: Run[] = [];
  readonly #sinceMs: number;

  constructor(readonly deps: ReplayRunsDeps) {
    this.#sinceMs = deps.nowMs();
  }

  /** Throws `BadInputError` for a request that cannot be planned, `RunInProgressError` while another run lasts. */
  start(request: ReplayRequest, trace: Trace): RunStatus {
    const current = this.#runs.find(({ status }) => status.state === "running");
    if (current) throw new RunInProgressError(current.status.runId);

    const schedule = planSchedule(trace, request);
    const scheduled = schedule.offsetSeconds.length;
    if (scheduled > MAX_REQUESTS_A_RUN) {
      throw new BadInputError(`a run may have at most ${MAX_REQUESTS_A_RUN} requests, was ${scheduled}: take a slice`);
    }
    const { functionName, timeLapse, warmUpSeconds, sloSeconds, maxInFlight } = request;
    const digest = scheduleDigest(schedule);
    const runId = `${digest.slice(0, 12)}-${this.deps.nowMs()}`;
    const stop = new AbortController();
    const reporter = this.#reporter(runId, functionName);
    const replay = startReplay({
      runId,
      functionName,
      schedule,
      url: `${this.deps.gatewayUrl.replace(/(?<!\/)\/+$/, "")}/function/${functionName}`,
      bodyOf: stressBody({ meanCpuSeconds: request.meanCpuSeconds, timeLapse }),
      timeLapse,
      warmUpSeconds,
      sloSeconds,
      maxInFlight,
      signal: stop.signal,
      ...(request.startAtMs === null ? {} : { startAtMs: request.startAtMs }),
      ...(this.deps.epochMs === null ? {} : { epochMs: this.deps.epochMs }),
      onWindow: (window, totals) => reporter.report(`${window.index}`, reportOf(run, "window", totals, window)),
    });
    const status: RunStatus = {
      runId,
      state: "running",
      functionName,
      trace: trace.name,
      scheduleDigest: digest,
      startedAtMs: replay.startedAtMs,
      totals: replay.totals(),
      result: null,
      problem: null,
    };
    const run: Run = { stop, replay, status, over: Promise.resolve() };
    reporter.report("started", reportOf(run, "started", status.totals, null));
    run.over = this.#follow(run, replay, reporter);
    this.#runs.push(run);
    if (this.#runs.length > REMEMBERED_RUNS) this.#runs.shift();
    this.deps.log.info({ runId, functionName, trace: trace.name, scheduled }, "replay started");
    return status;
  }

  /** Newest first. */
  list(): readonly RunStatus[] {
    return this.#runs.map(statusNow).reverse();
  }

  find(runId: string): RunStatus | null {
    const run = this.#runs.find(({ status }) => status.runId === runId);
    return run ? statusNow(run) : null;
  }

  /** A run that a process before this one began, and did not end: why nothing of it will come any more; null for any other id. */
  lost(runId: string): string | null {
    const begunAtMs = RUN_ID.exec(runId)?.[1];
    if (begunAtMs === undefined || this.find(runId) || Number(begunAtMs) >= this.#sinceMs) return null;
    return `run '${runId}' was lost: the load generator was started anew after it had begun`;
  }

  /** Publishes that the last run reported on the bus ended with the previous process, unless it ended in order. */
  async announceLost(last: LoadReport | null): Promise<void> {
    if (last === null || last.phase === "finished" || this.find(last.runId)) return;
    const { runId, functionName } = last;
    const invalidBecause = this.lost(runId) ?? `run '${runId}' was lost: the load generator does not know it`;
    this.deps.log.warn({ runId, functionName }, invalidBecause);
    const reporter = this.#reporter(runId, functionName);
    reporter.report("finished", { ...last, phase: "finished", window: null, valid: false, invalidBecause });
    await reporter.published();
  }

  /** Stops a run and resolves with its last status; null when there is no such run. A run that is over stays as it is. */
  async stop(runId: string): Promise<RunStatus | null> {
    const run = this.#runs.find(({ status }) => status.runId === runId);
    if (!run) return null;
    run.stop.abort();
    await run.over;
    return run.status;
  }

  /** Stops whatever runs, and waits until its reports are published. */
  async close(): Promise<void> {
    for (const run of this.#runs) run.stop.abort();
    await Promise.all(this.#runs.map(({ over }) => over));
  }

  async #follow(run: Run, replay: ReplayRun, reporter: Reporter): Promise<void> {
    try {
      const { windows: _windows, ...result } = await replay.finished;
      run.status = { ...run.status, state: "finished", totals: result.totals, result };
      reporter.report("finished", finishedReport(result));
      const { runId, totals, valid, invalidBecause } = result;
      this.deps.log.info({ runId, ...totals, valid, invalidBecause }, "replay finished");
    } catch (thrown) {
      run.status = { ...run.status, state: "broken", totals: replay.totals(), problem: messageOf(thrown) };
      const broken = reportOf(run, "finished", run.status.totals, null);
      reporter.report("finished", { ...broken, valid: false, invalidBecause: messageOf(thrown) });
      this.deps.log.error({ runId: run.status.runId, err: thrown }, "replay broken");
    }
    run.replay = null;
    await reporter.published();
  }

  /** Publishes in order. A report that cannot be published is lost, and the load goes on: the status still shows everything. */
  #reporter(runId: string, functionName: string): Reporter {
    let queue = Promise.resolve();
    return {
      report: (step, data) => {
        const { bus, log, nowMs } = this.deps;
        const event = makeEvent("load", {
          source: "load-generator",
          subject: functionName,
          key: `${runId}/${step}`,
          nowMs: nowMs(),
          data,
        });
        queue = queue
          .then(() => bus.publish(event))
          .catch((thrown: unknown) => log.warn({ runId, step, problem: messageOf(thrown) }, "report not published"));
      },
      published: () => queue,
    };
  }
}

interface Reporter {
  readonly report: (step: string, data: LoadReport) => void;
  readonly published: () => Promise<void>;
}

function statusNow(run: Run): RunStatus {
  return run.replay ? { ...run.status, totals: run.replay.totals() } : run.status;
}

function reportOf(
  { status: { runId, functionName, scheduleDigest } }: Run,
  phase: LoadReport["phase"],
  totals: ReplayTotals,
  window: LoadWindow | null,
): LoadReport {
  const open = { valid: null, invalidBecause: null, sloViolationShare: null };
  return { runId, functionName, phase, scheduleDigest, totals, window, ...open };
}
