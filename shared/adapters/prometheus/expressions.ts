/** The PromQL that a window and a tick are made of: one expression for all functions, an answer for each. */
import type { FunctionId } from "../../ports/metrics-source.ts";

/** Real milliseconds, as Prometheus keeps time. */
type Range = number;

/** The gateway's counter of invocations begun, by function. */
export const STARTED = "gateway_function_invocation_started";
/** The gateway's counter of invocations ended, by function and status code. */
export const ENDED = "gateway_function_invocation_total";
const SECONDS = "gateway_functions_seconds";
const DESIRED = "gateway_service_count";
const READY = "gateway_service_ready_count";
const BEGAN = "process_start_time_seconds";
const SCRAPES = "promhttp_metric_handler_requests_total";

/** The expressions of a tick. */
export type TickName = "inFlight" | "started" | "desired" | "ready" | "newest" | "counters" | "up" | "processStart";
/** The expressions of a window. */
export type WindowName =
  "arrivals" | "completions" | "executionMean" | "latencies" | "inFlightMean" | "inFlightMax" | "pulse";
/** The expressions of container use. */
export type ContainerName = "cpu" | "memory";
/** PromQL by name. */
export type Expressions<Name extends string> = Readonly<Record<Name, string>>;

/** What a tick needs. `instances`: of gateways that are known, there or not. */
export function tickExpressions(
  functions: readonly FunctionId[],
  instances: readonly string[] = [],
): Expressions<TickName> {
  const of = selectorOf(functions);
  const known = `{instance=~${anyOf(instances)}}`;
  const counts = `(${DESIRED}${of} or ${STARTED}${of})`;
  return {
    inFlight: inFlight(of),
    // A function that was never called has no counter: then the gateway that lists it has counted 0.
    started: `sum by (function_name, job, instance) (${STARTED}${of}) or sum by (function_name, job, instance) (0 * ${DESIRED}${of})`,
    desired: `max by (function_name) (${DESIRED}${of})`,
    ready: `max by (function_name) (${READY}${of})`,
    counters: `count by (__name__, function_name, job, instance, code) ({__name__=~"${DESIRED}|${STARTED}|${ENDED}",${of.slice(1)})`,
    up: `max by (job, instance) (up${known})`,
    processStart: `max by (job, instance) (${BEGAN}${known} or ${BEGAN} and on (job, instance) ${counts})`,
    // Of several gateways the one that was scraped longest ago: what it counts is a part of each sum.
    newest: `min by (function_name) (max by (function_name, job, instance) (timestamp(${DESIRED}${of}) or timestamp(${STARTED}${of})))`,
  };
}

/** What a window needs besides. */
export function windowExpressions(functions: readonly FunctionId[], rangeMs: Range): Expressions<WindowName> {
  const of = selectorOf(functions);
  const range = ms(rangeMs);
  const gained = (metric: string) => `sum by (function_name) (increase(${metric}${of}[${range}]))`;
  // Fifteen looks in a window are as many as a tick every 2 s gives in 30 s.
  const looks = `(${inFlight(of)})[${range}:${ms(Math.max(100, Math.round(rangeMs / 15)))}]`;
  return {
    arrivals: orNeverCounted(gained(STARTED), STARTED, of),
    completions: orNeverCounted(`sum by (function_name, code) (increase(${ENDED}${of}[${range}]))`, ENDED, of),
    executionMean: `${gained(`${SECONDS}_sum`)} / ${gained(`${SECONDS}_count`)}`,
    // Whole, as quantiles and the late share want other codes and other edges of it.
    latencies: `sum by (function_name, code, le) (increase(${SECONDS}_bucket${of}[${range}]))`,
    // Samples are dated by Prometheus: only the page's own counters show that it is still updated.
    pulse: ofTheirProcesses(`changes(${SCRAPES}[${range}]) unless count_over_time(${SCRAPES}[${range}]) < 2`, of),
    inFlightMean: `avg_over_time(${looks})`,
    inFlightMax: `max_over_time(${looks})`,
  };
}

/** Use ÷ request, mean over the replicas that have a request; the container of a function's pod has the function's name. */
export function containerExpressions(functions: readonly FunctionId[], rangeMs: Range): Expressions<ContainerName> {
  const unique = (values: readonly string[]) => anyOf([...new Set(values)]);
  const of = [
    `namespace=~${unique(functions.map(({ namespace }) => namespace))}`,
    `container=~${unique(functions.map(({ functionName }) => functionName))}`,
  ].join(",");
  // kube-state-metrics adds labels of its own, and cAdvisor shows a container twice while it is replaced.
  const request = (resource: string) =>
    `max by (namespace, pod, container) (kube_pod_container_resource_requests{${of},resource="${resource}"} > 0)`;
  const mean = (use: string, resource: string) => `avg by (namespace, container) (${use} / ${request(resource)})`;
  return {
    cpu: mean(
      `sum by (namespace, pod, container) (rate(container_cpu_usage_seconds_total{${of}}[${ms(rangeMs)}]))`,
      "cpu",
    ),
    memory: mean(`max by (namespace, pod, container) (container_memory_working_set_bytes{${of}})`, "memory"),
  };
}

/** What the processes say of themselves that answer for the functions, the lowest: by function, since it is asked for by function. */
function ofTheirProcesses(expression: string, of: string): string {
  const byProcess = `max by (job, instance) (${expression})`;
  return `min by (function_name) (0 * ${DESIRED}${of} + on (job, instance) group_left () ${byProcess})`;
}

/** Started less ended; a function that was never called has neither, and then the gateway's list shows that it exists. */
function inFlight(of: string): string {
  const sum = (metric: string) => `sum by (function_name) (${metric}${of})`;
  const ended = `(${sum(ENDED)} or 0 * ${sum(STARTED)})`;
  return orNeverCounted(`clamp_min(${sum(STARTED)} - ${ended}, 0)`, STARTED, of);
}

/**
 * A counter that was never touched has no series. Where the gateway lists the function, that is a measured 0; an empty
 * answer for any other reason (down, unknown, too few samples yet) stays empty.
 */
function orNeverCounted(expression: string, counter: string, of: string): string {
  return `${expression} or (0 * max by (function_name) (${DESIRED}${of}) unless on (function_name) ${counter}${of})`;
}

/** The label holds `<name>.<namespace>`, or the bare name where that is not used. */
function selectorOf(functions: readonly FunctionId[]): string {
  const names = functions.flatMap(({ functionName, namespace }) => [`${functionName}.${namespace}`, functionName]);
  return `{function_name=~${anyOf(names)}}`;
}

/** A regular expression that matches these texts and no others, as a PromQL string. */
function anyOf(texts: readonly string[]): string {
  return JSON.stringify(texts.map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|"));
}

function ms(range: Range): string {
  return `${Math.max(1, Math.round(range))}ms`;
}
