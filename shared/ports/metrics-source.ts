/** Where measurements come from, whatever makes them. What could not be measured is null, never 0. */
import type { SloFit } from "../core/slo.ts";
import type { MetricsWindow, Tick } from "../core/window.ts";

/** One instant at which the collector wants to know; all in trace time. */
export interface Instant {
  readonly atMs: number;
  /** The instant before this one: ticks report what came since. */
  readonly sinceMs: number;
  /** The window that ends here, or null between windows. */
  readonly window: { readonly seq: number; readonly windowSeconds: number } | null;
}

/** A function by name and namespace. */
export interface FunctionId {
  readonly functionName: string;
  readonly namespace: string;
}

/** Replica counts as the platform's API reported them; each takes precedence over the gateway's gauge where it is not null. */
export interface ReplicaReading {
  readonly desiredReplicas: number | null;
  readonly availableReplicas: number | null;
}

/** A function that is asked about, with what the platform's API says of it. */
export interface AskedFunction extends FunctionId {
  /** Null when the platform's list did not have it just now. */
  readonly replicas: ReplicaReading | null;
  /** Its SLO, trace time: for the share of requests that broke it. */
  readonly sloSeconds: number;
}

/** What there was to see at one instant: every answer is about that one. */
export interface Look {
  tick(about: AskedFunction): Tick;
  /** Null when no window ends at the instant. */
  window(about: AskedFunction): MetricsWindow | null;
  /** What its latency histogram lets be known of its SLO; null while that is not known, and when no window ends at the instant. */
  sloFit(about: AskedFunction): SloFit | null;
  /** One sentence for each thing that could not be had. */
  readonly problems: readonly string[];
}

/** Measures all functions at one instant. */
export interface MetricsSource {
  /** Never rejects: what cannot be had is missing in the answers. `expected`: the functions known so far, for sources that must know what to ask for. */
  look(instant: Instant, expected: readonly FunctionId[]): Promise<Look>;
}

/** Use ÷ request, mean over a function's replicas. */
export interface ContainerRatios {
  readonly cpuRatio: number | null;
  readonly memoryRatio: number | null;
}

/** Container use at the end of a window. */
export interface ContainerLook {
  ratios(about: FunctionId): ContainerRatios;
  readonly problems: readonly string[];
}

/** CPU and memory from another place than the rest. Asked at the ends of windows only; never rejects. */
export interface ContainerSource {
  look(instant: Instant, expected: readonly FunctionId[]): Promise<ContainerLook>;
}

/** Two text endpoints in the Prometheus exposition format. */
export interface MetricsScrape {
  /** Gateway metrics ("Prometheus A"), null when the endpoint did not answer. */
  readonly functionMetrics: string | null;
  /** Container metrics ("Prometheus B"), null when the endpoint did not answer. */
  readonly containerMetrics: string | null;
}

/** Reads both endpoints once. Never rejects. */
export interface MetricsEndpoint {
  scrape(): Promise<MetricsScrape>;
}
