/**
 * The meters under the real gateway's metric names, in a prom-client registry. `…_inflight` and `…_ready_count` are
 * there in its Pro edition only; `gateway_cold_starts_total` and `gateway_cold_start_seconds` are ours: the real one
 * does not see the wait.
 */
import { Counter, Gauge, Registry, type Metric } from "prom-client";
import type { Provider } from "../../provider/types.ts";
import { qualifiedName } from "../names.ts";
import type { Meters, Tally } from "./meter.ts";
import { registerProcess } from "./process.ts";

interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Numbers are copied out of the meters when they are asked for; an invocation touches no label sets. */
export function gatewayRegistry(meters: Meters, provider: Provider): Registry {
  const registry = new Registry();
  const perFunction = { registers: [registry], labelNames: ["function_name"] as const };
  const perCode = { registers: [registry], labelNames: ["function_name", "code"] as const };

  new Counter({
    ...perCode,
    name: "gateway_function_invocation_total",
    help: "Invocations that ended, by the status that the client was given.",
    collect() {
      this.reset();
      for (const [name, meter] of meters.entries()) {
        for (const [code, tally] of meter.byCode) this.inc(labelsOf(name, code), tally.count);
      }
    },
  });
  new Counter({
    ...perFunction,
    name: "gateway_function_invocation_started",
    help: "Invocations whose proxying began.",
    collect() {
      this.reset();
      for (const [name, meter] of meters.entries()) this.inc(labelsOf(name), meter.started);
    },
  });
  new Gauge({
    ...perFunction,
    name: "gateway_function_invocation_inflight",
    help: "Invocations begun and not ended.",
    collect() {
      this.reset();
      for (const [name, meter] of meters.entries()) this.set(labelsOf(name), meter.inFlight);
    },
  });
  new Gauge({
    ...perFunction,
    name: "gateway_service_count",
    help: "Desired replicas.",
    collect() {
      this.reset();
      for (const each of provider.list()) this.set(labelsOf(each.deployment.service), each.desiredReplicas);
    },
  });
  new Gauge({
    ...perFunction,
    name: "gateway_service_ready_count",
    help: "Replicas that are ready to take invocations.",
    collect() {
      this.reset();
      for (const each of provider.list()) this.set(labelsOf(each.deployment.service), each.availableReplicas);
    },
  });
  new Counter({
    ...perFunction,
    name: "gateway_cold_starts_total",
    help: "Invocations that waited for a replica to become ready.",
    collect() {
      this.reset();
      for (const [name, meter] of meters.entries()) this.inc(labelsOf(name), meter.coldStarts.count);
    },
  });
  registerHistogram(registry, "gateway_functions_seconds", "Seconds from proxying to the answer's end.", () => {
    meters.addSlos();
    return [...meters.entries()].flatMap(([name, meter]) =>
      [...meter.byCode].map(([code, tally]) => ({ labels: labelsOf(name, code), tally })),
    );
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

function labelsOf(functionName: string): { function_name: string };
function labelsOf(functionName: string, code: number): { function_name: string; code: string };
function labelsOf(functionName: string, code?: number): Record<string, string> {
  const name = { function_name: qualifiedName(functionName) };
  return code === undefined ? name : { ...name, code: String(code) };
}

/** Samples of one histogram: its labels and what was counted under them. */
export type Rows = () => readonly { readonly labels: Readonly<Record<string, string>>; readonly tally: Tally }[];

/** prom-client's histogram can only observe, not be set to counts; a registry takes anything that answers `get`. */
export function registerHistogram(registry: Registry, name: string, help: string, rows: Rows): void {
  const metric = {
    name,
    help,
    type: "histogram",
    aggregator: "sum",
    get: async () => ({ ...metric, values: rows().flatMap(({ labels, tally }) => samplesOf(name, labels, tally)) }),
    reset: () => undefined,
  };
  registry.registerMetric(metric as unknown as Metric);
}

function samplesOf(name: string, labels: Readonly<Record<string, string>>, tally: Tally): Sample[] {
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
