/** The collector: measures on a grid of trace time, closes windows, publishes ticks; nothing that was not measured becomes a number. */
import type { Clock } from "#shared/core/clock.ts";
import { messageOf } from "#shared/core/errors.ts";
import { readManagedFunction, type ManagedFunction } from "#shared/core/managed-function.ts";
import { instantKey } from "#shared/core/proposal.ts";
import { TraceClock } from "#shared/core/trace-clock.ts";
import { nextWindowEndMs, windowNumber, type TraceTime } from "#shared/core/trace-time.ts";
import { HISTORY_WINDOWS, isDecidable, type MetricsWindow } from "#shared/core/window.ts";
import { makeEvent } from "#shared/events/codec.ts";
import type { ReplicantEvent } from "#shared/events/types.ts";
import type { Activity } from "#shared/host/activity.ts";
import type { Log } from "#shared/host/log.ts";
import type { EventBus } from "#shared/ports/event-bus.ts";
import type { FunctionGateway, FunctionStatus } from "#shared/ports/function-gateway.ts";
import type { Instant, Look, MetricsSource, ReplicaReading } from "#shared/ports/metrics-source.ts";
import { Budgets, type BudgetStatus } from "./budgets.ts";
import type { LastControls } from "./last-controls.ts";
import type { LimitsOfFunctions } from "./learned-limits.ts";
import { SloNotes } from "./slo-notes.ts";
import { unmeasuredWindow } from "./unmeasured-window.ts";

/** What the collector needs. */
export interface CollectorDeps {
  readonly source: MetricsSource;
  readonly gateway: Pick<FunctionGateway, "list">;
  readonly bus: Pick<EventBus, "publish">;
  readonly limits: Pick<LimitsOfFunctions, "of" | "keepOnly">;
  readonly controls: Pick<LastControls, "of" | "keepOnly">;
  readonly activity: Activity;
  /** Dates events; nothing else is computed from it. */
  readonly clock: Pick<Clock, "nowMs">;
  /** Carries trace time, and wakes. */
  readonly monotonic: Clock;
  /** New at each start: distinguishes windows that another collector, or this one before, numbered and dated alike. */
  readonly generation: string;
  readonly log: Log;
  readonly traceTime: TraceTime;
  readonly windowSeconds: number;
  readonly tickSeconds: number;
}

/** What the collector measured so far, for the status. */
export interface CollectorStatus {
  readonly generation: string;
  readonly managed: readonly string[];
  readonly windows: number;
  readonly ticks: number;
  readonly unpublished: number;
  /** How late the last look began, real milliseconds; one that is too late for its instant says so in `problems`. */
  readonly latenessMs: number;
  /** How far the wall clock was set since the start; trace time does not follow. */
  readonly wallClockSetMs: number;
  readonly problems: readonly string[];
  /** What its buckets let be known of a function's SLO, where that is not all. Nothing is wrong. */
  readonly notes: readonly string[];
  /** By function: what its last hour has used of its SLO's budget. */
  readonly budgets: Readonly<Record<string, BudgetStatus>>;
}

/** Measures managed functions and publishes ticks and windows. */
export interface MetricsCollector {
  status(): CollectorStatus;
  run(signal: AbortSignal): Promise<void>;
}

/** Less is what clocks are nudged by to keep in step. */
const NOTABLE_STEP_MS = 2_000;
/** Of a window: a look that begins later than that after its instant measures another one. */
const TOO_LATE_SHARE = 1 / 4;

interface Managed {
  readonly function: ManagedFunction;
  /** Null when the gateway did not list it just now. */
  readonly replicas: ReplicaReading | null;
}

interface Ending {
  readonly seq: number;
  readonly endedAtMs: number;
  readonly isSeen: boolean;
}

/** Nothing is measured before `run`. */
export function createCollector(deps: CollectorDeps): MetricsCollector {
  const { source, gateway, bus, limits, controls, activity, clock, monotonic, generation, log } = deps;
  const { traceTime, windowSeconds, tickSeconds } = deps;
  const traceClock = new TraceClock({ wall: clock, monotonic }, traceTime);
  const notes = new SloNotes((note) => log.info({ note }, "what the buckets allow"));
  /** By function: the windows before the next one, oldest first. */
  const histories = new Map<string, readonly MetricsWindow[]>();
  const budgets = new Budgets();
  let managed: readonly Managed[] = [];
  let problems: readonly string[] = [];
  let windows = 0;
  let ticks = 0;
  let unpublished = 0;
  let latenessMs = 0;
  /** A sentence while a window has an edge at which nobody looked in time. */
  let tooLate: string | null = null;
  const publishing = new Set<Promise<void>>();

  /** Looks and lists at one instant of trace time. */
  async function measure(instant: Instant): Promise<Look> {
    const known = managed.map(({ function: one }) => one);
    const [look, listed] = await Promise.all([source.look(instant, known), list()]);
    managed = listed.managed ?? managed.map((one) => ({ ...one, replicas: null }));
    watch();
    const found = [...listed.problems, ...look.problems];
    for (const problem of found) if (!problems.includes(problem)) log.warn({ problem }, "cannot measure as asked");
    problems = found;
    return look;
  }

  async function list(): Promise<{ managed: readonly Managed[] | null; problems: readonly string[] }> {
    let statuses: readonly FunctionStatus[];
    try {
      statuses = await gateway.list();
    } catch (thrown) {
      return { managed: null, problems: [messageOf(thrown)] };
    }
    const readings = statuses.map((status) => ({ status, reading: readManagedFunction(status) }));
    return {
      problems: readings.flatMap(({ reading }) => reading.problems),
      managed: readings.flatMap(({ status, reading: { managed: one } }) => {
        const { replicas: desiredReplicas, availableReplicas } = status;
        return one ? [{ function: one, replicas: { desiredReplicas, availableReplicas } }] : [];
      }),
    };
  }

  /** What is due for each function: a window, and one that can be decided on. */
  function watch(): void {
    const everyMs = (windowSeconds * 1_000) / traceTime.timeLapse;
    const names = new Set(managed.map(({ function: one }) => one.functionName));
    const isManaged = (functionName: string) => names.has(functionName);
    for (const known of [activity, limits, controls, notes, budgets]) known.keepOnly(isManaged);
    for (const { function: one } of managed) {
      activity.expect("window", one.functionName, { everyMs, else: "nobody decides" });
      activity.expect("measurement", one.functionName, { everyMs, else: "without one nothing is scaled by the model" });
    }
  }

  function publish(event: ReplicantEvent, published: () => void): void {
    const sent = bus.publish(event).then(published, (thrown: unknown) => {
      unpublished++;
      log.debug({ id: event.id, problem: messageOf(thrown) }, "not published");
    });
    publishing.add(sent);
    void sent.finally(() => publishing.delete(sent));
  }

  /** `ending`: the window that ends with this look; `isSeen` where both its edges were looked at in time. */
  function say(look: Look, { function: one, replicas }: Managed, atMs: number, ending: Ending | null): void {
    const { functionName, namespace } = one;
    const platform = limits.of(functionName, atMs);
    const managed = platform === undefined ? one : { ...one, platform };
    const about = { functionName, namespace, replicas, sloSeconds: one.slo.seconds };
    const from = { source: "metrics-collector", subject: functionName, nowMs: clock.nowMs() };
    ticks++;
    const tick = { ...look.tick(about), generation };
    publish(makeEvent("tick", { ...from, key: instantKey(atMs, generation), data: { managed, tick } }), () => {
      activity.did("tick", functionName);
    });
    if (ending === null) return;
    const unmeasured = () => unmeasuredWindow({ ...ending, windowSeconds, timeLapse: traceTime.timeLapse }, about);
    const window = { ...((ending.isSeen && look.window(about)) || unmeasured()), generation };
    notes.add(one, look.sloFit(about));
    const key = instantKey(window.endedAtMs, generation);
    const history = histories.get(functionName) ?? [];
    windows++;
    const control = controls.of(functionName);
    const data = { managed, window, history, ...(control && { control }) };
    publish(makeEvent("window", { ...from, key, data }), () => {
      activity.did("window", functionName);
      if (isDecidable(window)) activity.did("measurement", functionName);
    });
    histories.set(functionName, [...history, window].slice(-HISTORY_WINDOWS));
    budgets.add(one, window);
  }

  function noteTooLate(lateMs: number): void {
    const seconds = Math.round(lateMs / 1_000);
    tooLate = `the look at a window's end came ${seconds} s after it: neither that window nor the next is measured`;
    log.warn({ problem: tooLate }, "cannot measure as asked");
  }

  /** What was measured wrong, and what the clock does: one sentence each. */
  function allProblems(): readonly string[] {
    const setMs = traceClock.wallSetMs();
    const found = tooLate === null ? problems : [...problems, tooLate];
    if (Math.abs(setMs) < NOTABLE_STEP_MS) return found;
    const seconds = Math.round(Math.abs(setMs) / 100) / 10;
    const how = `the wall clock was set ${setMs > 0 ? "forward" : "back"} by ${seconds} s`;
    return [...found, `${how} since the start; time goes on by the monotonic clock`];
  }

  return {
    status: () => ({
      generation,
      managed: managed.map(({ function: one }) => one.functionName),
      windows,
      ticks,
      unpublished,
      latenessMs: Math.round(latenessMs),
      wallClockSetMs: Math.round(traceClock.wallSetMs()),
      problems: allProblems(),
      notes: notes.all(),
      budgets: Object.fromEntries(managed.map(({ function: one }) => [one.functionName, budgets.of(one)] as const)),
    }),
    async run(signal) {
      const tickMs = tickSeconds * 1_000;
      const nowTraceMs = () => traceClock.nowMs();
      // A first look before the first edge, so that the first window is measured from its beginning.
      let sinceMs = nowTraceMs();
      await measure({ atMs: sinceMs, sinceMs, window: null });
      let windowEndMs = nextWindowEndMs(nowTraceMs(), windowSeconds, traceTime);
      // A clock that is before the epoch numbers from 1, too.
      const skipped = Math.max(0, 1 - windowNumber(windowEndMs, windowSeconds, traceTime));
      let sawLastEdge = true;
      while (!signal.aborted) {
        const nextTickMs = traceTime.epochMs + (Math.floor((nowTraceMs() - traceTime.epochMs) / tickMs) + 1) * tickMs;
        const wantedMs = Math.min(nextTickMs, windowEndMs);
        await traceClock.sleepUntil(wantedMs, signal);
        if (signal.aborted) break;
        latenessMs = traceClock.realMsSince(wantedMs);
        const beganMs = nowTraceMs();
        const ends = wantedMs >= windowEndMs || beganMs >= windowEndMs;
        const dueMs = ends ? windowEndMs : wantedMs;
        const isLate = beganMs - dueMs > TOO_LATE_SHARE * windowSeconds * 1_000;
        // What is seen too late is dated when it was seen: under the edge's date it would fill this window and empty the next.
        const atMs = isLate ? Math.floor(beganMs) : dueMs;
        const seq = skipped + windowNumber(windowEndMs, windowSeconds, traceTime);
        const ending = ends ? { seq, endedAtMs: windowEndMs, isSeen: sawLastEdge && !isLate } : null;
        if (ending?.isSeen) tooLate = null;
        if (ends && isLate) noteTooLate(beganMs - dueMs);
        const look = await measure({ atMs, sinceMs, window: ending?.isSeen ? { seq, windowSeconds } : null });
        sinceMs = atMs;
        for (const one of managed) say(look, one, atMs, ending);
        // Windows that passed while nobody could look stay unsaid: a gap in seq is how the others learn of it.
        if (!ends) continue;
        sawLastEdge = !isLate;
        windowEndMs = nextWindowEndMs(Math.max(nowTraceMs(), windowEndMs), windowSeconds, traceTime);
      }
      await Promise.all(publishing);
    },
  };
}
