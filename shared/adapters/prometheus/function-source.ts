/** `MetricsSource` over PromQL ("Prometheus A"): every query of an instant is evaluated at that instant. */
import { toWallMs, type TraceTime } from "../../core/trace-time.ts";
import { closeWindow, type ErrorCounts } from "../../core/window.ts";
import type { AskedFunction, FunctionId, Instant, MetricsSource } from "../../ports/metrics-source.ts";
import { askAll, Answers } from "./answers.ts";
import type { PrometheusClient } from "./client.ts";
import { tickExpressions, windowExpressions, type TickName, type WindowName } from "./expressions.ts";

type Told = Answers<TickName>;
type WindowTold = Answers<"arrivals" | WindowName>;

const NOTHING = new Answers<never>(new Map<never, []>(), []);

/** Prometheus keeps real time: ranges and instants are turned into it, durations out of it. */
export function prometheusFunctions(client: PrometheusClient, traceTime: TraceTime): MetricsSource {
  const { timeLapse } = traceTime;

  return {
    async look(instant, expected) {
      const atWallMs = toWallMs(instant.atMs, traceTime);
      const [told, windowTold] = await Promise.all([
        askTick(instant, expected, atWallMs),
        askWindow(instant, expected, atWallMs),
      ]);
      return {
        problems: [...new Set([...told.problems, ...windowTold.problems])],
        tick: (about) => ({
          functionName: about.functionName,
          namespace: about.namespace,
          generation: "",
          atMs: instant.atMs,
          timeLapse,
          inFlight: told.value("inFlight", about),
          ...replicasOf(told, about),
          arrivals: told.value("arrivals", about),
          metricAgeSeconds: ageSeconds(told, about, atWallMs),
        }),
        window: (about) => instant.window && windowOf(instant.window, about, { told, windowTold, instant, atWallMs }),
      };
    },
  };

  async function askTick({ atMs, sinceMs }: Instant, expected: readonly FunctionId[], atWallMs: number): Promise<Told> {
    if (expected.length === 0) return NOTHING;
    return askAll(client, tickExpressions(expected, (atMs - sinceMs) / timeLapse), atWallMs);
  }

  async function askWindow(
    { window }: Instant,
    expected: readonly FunctionId[],
    atWallMs: number,
  ): Promise<WindowTold> {
    if (window === null || expected.length === 0) return NOTHING;
    const rangeMs = (window.windowSeconds * 1_000) / timeLapse;
    const { arrivals } = tickExpressions(expected, rangeMs);
    return askAll(client, { arrivals, ...windowExpressions(expected, rangeMs) }, atWallMs);
  }

  function windowOf(
    { seq, windowSeconds }: NonNullable<Instant["window"]>,
    about: AskedFunction,
    { told, windowTold, instant, atWallMs }: WindowGround,
  ) {
    const value = (name: "arrivals" | WindowName) => windowTold.value(name, about);
    const seconds = (name: WindowName) => times(value(name), timeLapse);
    const completions = completionsOf(windowTold, about);
    return closeWindow({
      functionName: about.functionName,
      namespace: about.namespace,
      generation: "",
      seq,
      windowSeconds,
      endedAtMs: instant.atMs,
      timeLapse,
      arrivals: value("arrivals"),
      completedOk: completions?.ok ?? null,
      completedError: completions?.error ?? null,
      throughputRps: completions ? completions.ok / windowSeconds : null,
      executionSecondsMean: seconds("executionMean"),
      latencySeconds: { p50: seconds("p50"), p95: seconds("p95"), p99: seconds("p99") },
      inFlightMean: value("inFlightMean"),
      inFlightMax: value("inFlightMax"),
      ...replicasOf(told, about),
      cpuRatio: null,
      memoryRatio: null,
      metricAgeSeconds: ageSeconds(told, about, atWallMs),
    });
  }

  function ageSeconds(told: Told, about: FunctionId, atWallMs: number): number | null {
    const newestSeconds = told.value("newest", about);
    return newestSeconds === null ? null : Math.max(0, atWallMs / 1_000 - newestSeconds) * timeLapse;
  }
}

interface WindowGround {
  readonly told: Told;
  readonly windowTold: WindowTold;
  readonly instant: Instant;
  readonly atWallMs: number;
}

/** The platform's own list is newer than the gauges, which are a poll and a scrape old. */
function replicasOf(told: Told, about: AskedFunction) {
  return {
    desiredReplicas: about.replicas?.desiredReplicas ?? told.value("desired", about),
    availableReplicas: about.replicas?.availableReplicas ?? told.value("ready", about),
  };
}

/** By what the caller got: 2xx and 3xx are OK. The sample without a code is the 0 of a counter never touched. */
function completionsOf(
  told: WindowTold,
  about: FunctionId,
): { readonly ok: number; readonly error: ErrorCounts } | null {
  const samples = told.samples("completions", about);
  if (samples.length === 0) return null;
  let ok = 0;
  const error = { "4xx": 0, "429": 0, "5xx": 0, "504": 0 };
  for (const { labels, value } of samples) {
    const code = labels["code"] ?? "";
    if (code === "429" || code === "504") error[code] += value;
    else if (code === "" || /^[23]/.test(code)) ok += value;
    else error[code.startsWith("4") ? "4xx" : "5xx"] += value;
  }
  return { ok, error };
}

const times = (value: number | null, factor: number) => (value === null ? null : value * factor);
