/** The collector: scrapes on a grid of trace time, closes windows, tells ticks; nothing that was not measured becomes a number. */
import type { Clock } from "#shared/core/clock.ts";
import { messageOf } from "#shared/core/errors.ts";
import { readManagedFunction, type ManagedFunction } from "#shared/core/managed-function.ts";
import { makeEvent } from "#shared/events/codec.ts";
import type { ReplicantEvent } from "#shared/events/types.ts";
import type { Log } from "#shared/host/log.ts";
import { expositionParser } from "#shared/metrics/exposition.ts";
import { CONTAINER_SOURCE, GATEWAY_SOURCE } from "#shared/metrics/reading.ts";
import { SampleStore } from "#shared/metrics/store.ts";
import { buildTick, buildWindow, type ReplicaReading } from "#shared/metrics/window-builder.ts";
import type { EventBus } from "#shared/ports/event-bus.ts";
import type { FunctionGateway, FunctionStatus } from "#shared/ports/function-gateway.ts";
import type { MetricsEndpoint } from "#shared/ports/metrics-source.ts";
import { FunctionHistory } from "./function-history.ts";
import { nextWindowEndMs, toTraceMs, toWallMs, windowNumber, type TraceTime } from "#shared/core/trace-time.ts";

export interface CollectorDeps {
  readonly endpoint: MetricsEndpoint;
  readonly gateway: Pick<FunctionGateway, "list">;
  readonly bus: Pick<EventBus, "publish">;
  readonly clock: Clock;
  readonly log: Log;
  readonly traceTime: TraceTime;
  readonly windowSeconds: number;
  readonly tickSeconds: number;
}

export interface CollectorStatus {
  readonly managed: readonly string[];
  readonly windows: number;
  readonly ticks: number;
  readonly unpublished: number;
  /** How late the last scrape began, real milliseconds. */
  readonly latenessMs: number;
  readonly problems: readonly string[];
}

export interface Collector {
  status(): CollectorStatus;
  run(signal: AbortSignal): Promise<void>;
}

interface Managed {
  readonly function: ManagedFunction;
  /** Null when the gateway did not list it just now. */
  readonly replicas: ReplicaReading | null;
}

export function createCollector(deps: CollectorDeps): Collector {
  const { endpoint, gateway, bus, clock, log, traceTime, windowSeconds, tickSeconds } = deps;
  const store = new SampleStore();
  const parse = expositionParser();
  const histories = new Map<string, FunctionHistory>();
  let managed: readonly Managed[] = [];
  let problems: readonly string[] = [];
  let windows = 0;
  let ticks = 0;
  let unpublished = 0;
  let latenessMs = 0;
  const publishing = new Set<Promise<void>>();

  /** Scrapes and lists at one instant of trace time. */
  async function measure(atMs: number): Promise<void> {
    const [scrape, listed] = await Promise.all([endpoint.scrape(), list()]);
    take(GATEWAY_SOURCE, atMs, scrape.functionMetrics);
    take(CONTAINER_SOURCE, atMs, scrape.containerMetrics);
    managed =
      listed === null
        ? managed.map((known) => ({ ...known, replicas: null }))
        : listed.flatMap(({ function: one, replicas }) => (one ? [{ function: one, replicas }] : []));
  }

  function take(source: string, atMs: number, text: string | null): void {
    if (text === null) return store.appendFailure(source, atMs);
    try {
      store.append(source, atMs, parse(text).samples);
    } catch (thrown) {
      log.warn({ source, problem: messageOf(thrown) }, "metrics that cannot be read");
      store.appendFailure(source, atMs);
    }
  }

  async function list() {
    let statuses: readonly FunctionStatus[];
    try {
      statuses = await gateway.list();
    } catch (thrown) {
      problems = [messageOf(thrown)];
      return null;
    }
    const readings = statuses.map((status) => ({ status, reading: readManagedFunction(status) }));
    const found = readings.flatMap(({ reading }) => reading.problems);
    if (found.join() !== problems.join()) for (const problem of found) log.warn({ problem }, "annotation ignored");
    problems = found;
    return readings.map(({ status, reading }) => ({
      function: reading.managed,
      replicas: { desiredReplicas: status.replicas, availableReplicas: status.availableReplicas },
    }));
  }

  function publish(event: ReplicantEvent): void {
    const sent = bus.publish(event).catch((thrown: unknown) => {
      unpublished++;
      log.debug({ id: event.id, problem: messageOf(thrown) }, "not published");
    });
    publishing.add(sent);
    void sent.finally(() => publishing.delete(sent));
  }

  function tick({ function: one, replicas }: Managed, atMs: number): void {
    const history = historyOf(one.functionName);
    const { functionName, namespace } = one;
    const sinceMs = history.lastTickMs ?? atMs - tickSeconds * 1_000;
    const spec = { functionName, namespace, atMs, sinceMs, timeLapse: traceTime.timeLapse };
    const data = { managed: one, tick: buildTick(store, replicas ? { ...spec, replicas } : spec) };
    history.lastTickMs = atMs;
    ticks++;
    publish(
      makeEvent("tick", { source: "metrics-collector", subject: functionName, key: atMs, nowMs: clock.nowMs(), data }),
    );
  }

  function close({ function: one, replicas }: Managed, endedAtMs: number): void {
    const history = historyOf(one.functionName);
    const { functionName, namespace } = one;
    const window = buildWindow(store, {
      functionName,
      namespace,
      seq: windowNumber(endedAtMs, windowSeconds, traceTime),
      windowSeconds,
      endedAtMs,
      timeLapse: traceTime.timeLapse,
      mode: "exact",
      ...(replicas ? { replicas } : {}),
    });
    const data = { managed: one, window, history: history.windows };
    history.add(window);
    windows++;
    publish(
      makeEvent("window", {
        source: "metrics-collector",
        subject: functionName,
        key: endedAtMs,
        nowMs: clock.nowMs(),
        data,
      }),
    );
  }

  function historyOf(functionName: string): FunctionHistory {
    let history = histories.get(functionName);
    if (!history) histories.set(functionName, (history = new FunctionHistory()));
    return history;
  }

  return {
    status: () => ({
      managed: managed.map(({ function: one }) => one.functionName),
      windows,
      ticks,
      unpublished,
      latenessMs: Math.round(latenessMs),
      problems,
    }),
    async run(signal) {
      const tickMs = tickSeconds * 1_000;
      const nowTraceMs = () => toTraceMs(clock.nowMs(), traceTime);
      // A first scrape before the first edge, so that the first window is measured from its beginning.
      await measure(nowTraceMs());
      let windowEndMs = nextWindowEndMs(nowTraceMs(), windowSeconds, traceTime);
      while (!signal.aborted) {
        const nextTickMs = traceTime.epochMs + (Math.floor((nowTraceMs() - traceTime.epochMs) / tickMs) + 1) * tickMs;
        const atMs = Math.min(nextTickMs, windowEndMs);
        await clock.sleep(toWallMs(atMs, traceTime) - clock.nowMs(), signal);
        if (signal.aborted) break;
        latenessMs = clock.nowMs() - toWallMs(atMs, traceTime);
        await measure(atMs);
        for (const one of managed) tick(one, atMs);
        if (atMs < windowEndMs) continue;
        for (const one of managed) close(one, windowEndMs);
        // Windows that passed while nobody could scrape stay unsaid: a gap in seq is how the others learn of it.
        windowEndMs = nextWindowEndMs(Math.max(nowTraceMs(), windowEndMs), windowSeconds, traceTime);
      }
      await Promise.all(publishing);
    },
  };
}
