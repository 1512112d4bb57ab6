/**
 * The meters, and what the gateway's own process uses, under the real gateway's metric names, in a prom-client registry.
 * `…_inflight` and `…_ready_count` are there in its Pro edition only; `gateway_cold_starts_total` and
 * `gateway_cold_start_seconds` are ours: the real one does not see the wait.
 */
import { Registry, type Metric } from "prom-client";
import type { FunctionSnapshot, Provider } from "../../provider/types.ts";
import { qualifiedName } from "../names.ts";
import type { FunctionMeter, Meters, Tally } from "./meter.ts";

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly metricName?: string;
  readonly labels: Labels;
  readonly value: number;
}

/** Numbers are copied out of the meters when they are asked for; an invocation touches no label sets. */
export function gatewayRegistry(meters: Meters, provider: Provider): Registry {
  const registry = new Registry();
  const perMeter = (type: "counter" | "gauge", name: string, help: string, valueOf: (meter: FunctionMeter) => number) =>
    registerMetric(registry, type, name, help, () =>
      [...meters.entries()].map(([functionName, meter]) => ({ labels: labelsOf(functionName), value: valueOf(meter) })),
    );
  const perDeployed = (name: string, help: string, valueOf: (snapshot: FunctionSnapshot) => number) =>
    registerMetric(registry, "gauge", name, help, () =>
      provider.list().map((each) => ({ labels: labelsOf(each.deployment.service), value: valueOf(each) })),
    );
  const perCode = () =>
    [...meters.entries()].flatMap(([functionName, { byCode }]) =>
      [...byCode].map(([code, tally]) => ({ labels: { ...labelsOf(functionName), code: String(code) }, tally })),
    );

  registerMetric(
    registry,
    "counter",
    "gateway_function_invocation_total",
    "Invocations that ended, by the status that the client was given.",
    () => perCode().map(({ labels, tally }) => ({ labels, value: tally.count })),
  );
  const begun = "Invocations whose proxying began.";
  perMeter("counter", "gateway_function_invocation_started", begun, ({ started }) => started);
  const inFlight = "Invocations begun and not ended.";
  perMeter("gauge", "gateway_function_invocation_inflight", inFlight, (meter) => meter.inFlight);
  perDeployed("gateway_service_count", "Desired replicas.", ({ desiredReplicas }) => desiredReplicas);
  const ready = "Replicas that are ready to take invocations.";
  perDeployed("gateway_service_ready_count", ready, ({ availableReplicas }) => availableReplicas);
  const waited = "Invocations that waited for a replica to become ready.";
  perMeter("counter", "gateway_cold_starts_total", waited, ({ coldStarts }) => coldStarts.count);
  registerHistogram(registry, "gateway_functions_seconds", "Seconds from proxying to the answer's end.", () => {
    meters.addSlos();
    return perCode();
  });
  registerHistogram(
    registry,
    "gateway_cold_start_seconds",
    "Seconds that invocations waited for a ready replica; in no other metric.",
    () => [...meters.entries()].map(([name, meter]) => ({ labels: labelsOf(name), tally: meter.coldStarts })),
  );
  registerProcess(registry);
  return registry;
}

function labelsOf(functionName: string): Labels {
  return { function_name: qualifiedName(functionName) };
}

/**
 * They change without any call, so an idle gateway differs from a stopped one. Registered last, so that a page that was cut lacks
 * them.
 */
function registerProcess(registry: Registry): void {
  const add = (type: "counter" | "gauge", name: string, help: string, labels: Labels, value: () => number) =>
    registerMetric(registry, type, name, help, () => [{ labels, value: value() }]);
  add("counter", "process_cpu_seconds_total", "CPU time of the process, user and system.", {}, () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  const begun = performance.timeOrigin / 1_000;
  add("gauge", "process_start_time_seconds", "When the process began, since 1970.", {}, () => begun);
  let scrapes = 0;
  add("counter", "promhttp_metric_handler_requests_total", "Scrapes answered.", { code: "200" }, () => ++scrapes);
}

/** Has `samples` computed at each scrape: prom-client's own metrics hold what they show; a registry takes anything that answers `get`. */
export function registerMetric(
  registry: Registry,
  type: "counter" | "gauge" | "histogram",
  name: string,
  help: string,
  samples: () => readonly Sample[],
): void {
  const metric = {
    name,
    help,
    type,
    aggregator: "sum",
    get: async () => ({ ...metric, values: samples() }),
    reset: () => undefined,
  };
  registry.registerMetric(metric as unknown as Metric);
}

/** Samples of one histogram: its labels and what was counted under them. */
export type Rows = () => readonly { readonly labels: Labels; readonly tally: Tally }[];

/** As `registerMetric`, for a histogram's buckets, sum and count. */
export function registerHistogram(registry: Registry, name: string, help: string, rows: Rows): void {
  registerMetric(registry, "histogram", name, help, () =>
    rows().flatMap(({ labels, tally }) => samplesOf(name, labels, tally)),
  );
}

function samplesOf(name: string, labels: Labels, tally: Tally): Sample[] {
  let cumulated = 0;
  const buckets = [...tally.bounds.map(edgeText), "+Inf"].map((le, i) => {
    cumulated += tally.counts[i]!;
    return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: cumulated };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: tally.sum },
    { metricName: `${name}_count`, labels, value: tally.count },
  ];
}

/** The label of an edge as Go's client library writes it, and so the gateway: `3`, `0.15`, `5e-05`. */
export function edgeText(seconds: number): string {
  if (seconds >= 1e-4) return String(seconds);
  const [digits, exponent] = seconds.toExponential().split("e-") as [string, string];
  return `${digits}e-${exponent.padStart(2, "0")}`;
}
