/** `MetricsSource` over PromQL ("Prometheus A"): every query of an instant is evaluated at that instant. */
import { toWallMs, type TraceTime } from "../../core/trace-time.ts";
import { closeTick, closeWindow } from "../../core/window.ts";
import { isOk, latencyOf, upperBoundOf, type CodeBucket, type Completions } from "../../metrics/latency.ts";
import { sloFitOf } from "../../metrics/late-share.ts";
import type { AskedFunction, FunctionId, Instant, Look, MetricsSource } from "../../ports/metrics-source.ts";
import { askAll, Answers } from "./answers.ts";
import type { PrometheusClient } from "./client.ts";
import { KnownCounters } from "./known-counters.ts";
import { TickArrivals } from "./tick-arrivals.ts";
import type { ServerTime } from "./server-time.ts";
import { tickExpressions, windowExpressions, type TickName, type WindowName } from "./expressions.ts";

type TickAnswers = Answers<TickName>;
type WindowAnswers = Answers<WindowName>;

const NOTHING = new Answers<never>(new Map<never, []>(), []);

/** Prometheus keeps real time: ranges and instants are turned into it, durations out of it. */
export function prometheusFunctions(
  client: PrometheusClient,
  traceTime: TraceTime,
  serverTime?: Pick<ServerTime, "now">,
): MetricsSource {
  const { timeLapse } = traceTime;
  const known = new KnownCounters();
  const tickArrivals = new TickArrivals();

  return {
    async look(instant, expected) {
      const rangeMs = ((instant.window?.windowSeconds ?? 0) * 1_000) / timeLapse;
      const isAsked = expected.length > 0;
      const now = (isAsked && (await serverTime?.now(rangeMs))) || { atMs: toWallMs(instant.atMs, traceTime) };
      if ("refused" in now) {
        return lookOf({ answers: NOTHING, windowAnswers: NOTHING, instant, atWallMs: 0 }, [now.refused]);
      }
      const { atMs: atWallMs } = now;
      const [answers, windowAnswers] = await Promise.all([
        isAsked ? askAll(client, tickExpressions(expected, known.instances), atWallMs) : NOTHING,
        isAsked && instant.window ? askAll(client, windowExpressions(expected, rangeMs), atWallMs) : NOTHING,
      ]);
      known.note(answers, expected);
      tickArrivals.note(answers, expected);
      const ground = { answers, windowAnswers, instant, atWallMs };
      const doubts = expected.flatMap((about) => doubtOf(about, ground) ?? []);
      return lookOf(ground, [...new Set([...answers.problems, ...windowAnswers.problems, ...doubts])]);
    },
  };

  function lookOf(ground: WindowGround, problems: readonly string[]): Look {
    const { window } = ground.instant;
    return {
      problems,
      tick: (about) => tickOf(about, ground),
      window: (about) => window && windowOf(window, about, ground),
      sloFit: (about) => fitOf(ground.windowAnswers, about),
    };
  }

  function fitOf(windowAnswers: WindowAnswers, about: AskedFunction) {
    const edges = windowAnswers.samples("latencies", about).map(({ labels }) => upperBoundOf(labels["le"] ?? ""));
    return sloFitOf(edges, { sloSeconds: about.sloSeconds, timeLapse });
  }

  function tickOf(about: AskedFunction, { answers, instant, atWallMs }: WindowGround) {
    const { functionName, namespace } = about;
    const isWhole = known.missedOf(about) === null;
    return closeTick({
      ...{ functionName, namespace, generation: "", atMs: instant.atMs, timeLapse },
      inFlight: isWhole ? answers.value("inFlight", about) : null,
      ...replicasOf(answers, about),
      // Where this instant was not answered, what an earlier one gained is no news.
      arrivals: isWhole && answers.value("newest", about) !== null ? tickArrivals.of(about) : null,
      metricAgeSeconds: ageSeconds(answers, about, atWallMs),
    });
  }

  /** Why a window's numbers say nothing although there are some; null where they do. */
  function doubtOf(about: FunctionId, { answers, windowAnswers, instant, atWallMs }: WindowGround): string | null {
    const { functionName } = about;
    const missed = known.missedOf(about);
    if (missed !== null) return `Prometheus lacks counters of '${functionName}' that it had: ${missed}`;
    if (instant.window === null) return null;
    const age = ageSeconds(answers, about, atWallMs);
    // A range that ends without samples is known only in part, and a part looks like less load.
    if (age !== null && age > instant.window.windowSeconds / 2) {
      return `Prometheus's newest sample of '${functionName}' is ${Math.round(age)} s old`;
    }
    if (windowAnswers.value("pulse", about) === 0) {
      return `the gateway's metrics stand still behind Prometheus: their process answered no scrape in this window`;
    }
    return null;
  }

  function windowOf(
    { seq, windowSeconds }: NonNullable<Instant["window"]>,
    about: AskedFunction,
    ground: WindowGround,
  ) {
    const { answers, instant, atWallMs } = ground;
    const windowAnswers: WindowAnswers = doubtOf(about, ground) === null ? ground.windowAnswers : NOTHING;
    const value = (name: WindowName) => windowAnswers.value(name, about);
    const completions = completionsOf(windowAnswers, about);
    const { quantiles, late } = latencyOf(latenciesOf(windowAnswers, about, completions), completions, {
      sloSeconds: about.sloSeconds,
      timeLapse,
    });
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
      executionSecondsMean: times(value("executionMean"), timeLapse),
      latencySeconds: quantiles,
      late,
      inFlightMean: value("inFlightMean"),
      inFlightMax: value("inFlightMax"),
      ...replicasOf(answers, about),
      cpuRatio: null,
      memoryRatio: null,
      metricAgeSeconds: ageSeconds(answers, about, atWallMs),
    });
  }

  function ageSeconds(answers: TickAnswers, about: FunctionId, atWallMs: number): number | null {
    const newestSeconds = answers.value("newest", about);
    return newestSeconds === null ? null : Math.max(0, atWallMs / 1_000 - newestSeconds) * timeLapse;
  }
}

interface WindowGround {
  readonly answers: TickAnswers;
  readonly windowAnswers: WindowAnswers;
  readonly instant: Instant;
  readonly atWallMs: number;
}

/** The platform's own list is newer than the gauges, which are a poll and a scrape old. */
function replicasOf(answers: TickAnswers, about: AskedFunction) {
  return {
    desiredReplicas: about.replicas?.desiredReplicas ?? answers.value("desired", about),
    availableReplicas: about.replicas?.availableReplicas ?? answers.value("ready", about),
  };
}

/** By what the caller got. The sample without a code is the 0 of a counter never touched. */
function completionsOf(answers: WindowAnswers, about: FunctionId): Completions | null {
  const samples = answers.samples("completions", about);
  if (samples.length === 0) return null;
  let ok = 0;
  const error = { "4xx": 0, "429": 0, "5xx": 0, "504": 0 };
  for (const { labels, value } of samples) {
    // Where one code is not known, neither is their sum.
    if (value === null) return null;
    const code = labels["code"] ?? "";
    if (code === "429" || code === "504") error[code] += value;
    else if (code === "" || isOk(code)) ok += value;
    else error[code.startsWith("4") ? "4xx" : "5xx"] += value;
  }
  return { ok, error };
}

/** Null where one bucket is not known, and where there is none although requests were answered. */
function latenciesOf(answers: WindowAnswers, about: FunctionId, completions: Completions | null): CodeBucket[] | null {
  const samples = answers.samples("latencies", about);
  if (samples.length === 0 && completions?.ok !== 0) return null;
  const buckets: CodeBucket[] = [];
  for (const { labels, value } of samples) {
    if (value === null) return null;
    buckets.push({ code: labels["code"] ?? "", upperBound: upperBoundOf(labels["le"] ?? ""), count: value });
  }
  return buckets;
}

const times = (value: number | null, factor: number) => (value === null ? null : value * factor);
