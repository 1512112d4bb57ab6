/** Every mechanism of the simulated platform as one table: what it does, its default, and the range training draws it from. */
import { BadInputError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { logUniform, uniform } from "./workloads/draws.ts";

/** How a value is drawn from its range: evenly, evenly in its logarithm, or as a whole number. */
export type Spread = "uniform" | "log-uniform" | "whole";

/** A parameter of the simulator, with its default and where training draws it from. */
export interface ParameterRow {
  readonly meaning: string;
  readonly unit: string;
  readonly value: number;
  /** Training draws from here; null where nothing is to be learned from variation. */
  readonly range: readonly [low: number, high: number] | null;
  readonly spread: Spread;
  /** Values from the platform's documentation and sources, measured by others, or estimated until `calibrate` replaces them. */
  readonly origin: "documented" | "measured" | "estimated";
}

type Origin = ParameterRow["origin"];
type Range = ParameterRow["range"];

function row(
  value: number,
  unit: string,
  range: Range,
  meaning: string,
  origin: Origin,
  spread: Spread = "uniform",
): ParameterRow {
  return { meaning, unit, value, range, spread, origin };
}

/** The parameters of the simulated platform, by name. */
/* prettier-ignore */
export const PARAMETERS = {
  // A new replica: from the request to the moment it would answer, then the probe, then the routing table.
  startMedianSeconds: row(2.5, "s", [1.2, 8], "median of a replica's start, image cached", "measured", "log-uniform"),
  startSigma: row(0.35, "ln s", [0.2, 0.8], "spread of the start: standard deviation of its logarithm", "measured"),
  startFloorSeconds: row(1.2, "s", null, "no start is quicker", "measured"),
  startSlowdownRatio: row(0.1, "ratio", [0, 0.3], "growth of the start for each other start on the node", "estimated"),
  imagePullChance: row(0, "ratio", [0, 0.1], "chance that a node's first replica must pull the image", "estimated"),
  imagePullMeanSeconds: row(20, "s", [5, 60], "mean of a pull, exponential", "measured"),
  readinessPeriodSeconds: row(2, "s", [1, 10], "the readiness probe adds uniformly up to its period", "documented", "log-uniform"),
  endpointSeconds: row(0.2, "s", [0.05, 1], "from ready to the first routed call", "estimated", "log-uniform"),
  scaleCallMinSeconds: row(0.1, "s", [0.05, 0.3], "least time from a scale call to the controller", "estimated"),
  scaleCallMaxSeconds: row(0.3, "s", [0.3, 1], "most time from a scale call to the controller", "estimated"),

  // The way of a call.
  earlyFailureChance: row(0.02, "ratio", [0, 0.1], "chance of 502 in a replica's first second, or in the second after one left", "measured"),
  gatewayOverheadSeconds: row(0.0035, "s", [0.001, 0.015], "what the gateway adds to each call", "estimated", "log-uniform"),
  upstreamTimeoutSeconds: row(60, "s", [10, 120], "the gateway gives up: 502", "documented", "log-uniform"),
  execTimeoutSeconds: row(0, "s", null, "the watchdog gives up: 504; 0 = never. The abandoned work goes on", "documented"),
  maxInflight: row(0, "count", null, "calls at once in one replica, beyond it 429; 0 = no limit", "documented"),
  holdCalls: row(0, "0 or 1", null, "1: calls without a ready replica are held; 0: they fail at once, unless the minimum is 0", "documented"),
  scaleFromZeroPollSeconds: row(0.1, "s", null, "held calls look for a replica this often", "documented"),
  scaleFromZeroPolls: row(1000, "count", null, "then they fail", "documented"),

  // CPU and memory of a replica, and the nodes.
  cpuLimitCores: row(0.1, "cores", [0.05, 1], "CFS quota = limit × period", "documented", "log-uniform"),
  cpuRequestCores: row(0.1, "cores", null, "what CPU use is divided by, and what the node sets aside", "documented"),
  cfsPeriodSeconds: row(0.1, "s", null, "the quota's period", "documented"),
  threads: row(1, "count", null, "cores that one replica can use at once (a Node process: 1)", "documented"),
  memoryBaseMegabytes: row(30, "MB", [15, 150], "memory of an idle replica", "estimated", "log-uniform"),
  memoryPerCallMegabytes: row(2, "MB", [0.5, 8], "and of each call in it", "estimated", "log-uniform"),
  memoryRequestMegabytes: row(268.435456, "MB", null, "what memory use is divided by (256 Mi)", "documented"),
  memoryLimitMegabytes: row(268.435456, "MB", null, "beyond it the replica is killed and restarted", "documented"),
  restartBackoffSeconds: row(10, "s", null, "first pause before a restart, doubled each time", "documented"),
  restartBackoffMaxSeconds: row(300, "s", null, "longest pause before a restart", "documented"),
  nodes: row(2, "count", [1, 6], "nodes for replicas", "estimated", "whole"),
  nodeCores: row(3.5, "cores", null, "allocatable cores of a node; what does not fit is pending", "estimated"),

  // Scaling down, and the platform's cap.
  graceSeconds: row(30, "s", [2, 60], "a leaving replica ends its calls within this, or they fail", "documented", "log-uniform"),
  newestFirst: row(1, "0 or 1", [0, 1], "1: the newest replica leaves first; 0: any", "documented", "whole"),
  replicaCap: row(0, "count", null, "the platform sets no more (community edition: 5); 0 = no cap", "documented"),
  replicaFloor: row(0, "count", null, "the platform sets no fewer (community edition: 1)", "documented"),

  // The way of a measurement. Exact mode reads the gateway at ticks and window ends; PromQL mode scrapes as below.
  gatewayScrapeSeconds: row(5, "s", [5, 30], "between scrapes of the gateway", "documented"),
  containerScrapeSeconds: row(15, "s", [5, 30], "between scrapes of CPU and memory", "documented"),
  sloBucket: row(1, "0 or 1", null, "1: the latency histogram has an edge at the SLO, as on the local platform; 0: the gateway's own edges", "documented"),
  droppedScrapeChance: row(0.01, "ratio", [0, 0.03], "chance that a scrape gets no answer", "estimated"),
  cpuHousekeepingSeconds: row(12, "s", [0, 15], "CPU and memory are as old as this at most when scraped (PromQL mode)", "measured"),
  lingerSeconds: row(0, "s", [0, 60], "series of a gone replica go on for so long (PromQL mode)", "estimated"),
  rateWindowSeconds: row(30, "s", [30, 60], "range of rates (PromQL mode)", "documented"),
} as const satisfies Record<string, ParameterRow>;

/** The name of a parameter, a key of `PARAMETERS`. */
export type ParameterName = keyof typeof PARAMETERS;
/** A value for each parameter. */
export type SimParameters = Readonly<Record<ParameterName, number>>;
/** The ranges to draw parameters from; those left out keep their values. */
export type ParameterRanges = Readonly<Partial<Record<ParameterName, readonly [low: number, high: number]>>>;

const NAMES = Object.keys(PARAMETERS) as ParameterName[];

/** The defaults, with some of them changed. Throws `BadInputError` for an unknown name or a value that cannot be. */
export function simParameters(changes: Readonly<Partial<Record<ParameterName, number>>> = {}): SimParameters {
  const values = Object.fromEntries(NAMES.map((name) => [name, PARAMETERS[name].value])) as Record<
    ParameterName,
    number
  >;
  for (const [name, value] of Object.entries(changes)) {
    if (!(name in PARAMETERS)) throw new BadInputError(`simulator: there is no parameter '${name}'`);
    if (!Number.isFinite(value) || value < 0) {
      throw new BadInputError(`simulator: ${name} must be a number of at least 0, was: '${value}'`);
    }
    values[name as ParameterName] = value;
  }
  for (const name of MUST_BE_POSITIVE) {
    if (values[name] <= 0) throw new BadInputError(`simulator: ${name} must be more than 0, was: '${values[name]}'`);
  }
  return values;
}

const MUST_BE_POSITIVE: readonly ParameterName[] = [
  "startMedianSeconds",
  "upstreamTimeoutSeconds",
  "scaleFromZeroPollSeconds",
  "cpuLimitCores",
  "cpuRequestCores",
  "cfsPeriodSeconds",
  "threads",
  "memoryRequestMegabytes",
  "memoryLimitMegabytes",
  "nodes",
  "nodeCores",
  "gatewayScrapeSeconds",
  "containerScrapeSeconds",
  "rateWindowSeconds",
];

/**
 * Domain randomisation: draws every parameter of `asked` (`true`: the table's ranges, but for the CPU limit, which makes another
 * function of it) around the given values. Each has a stream of its own, so that adding a parameter moves no other.
 */
export function randomised(
  values: SimParameters,
  random: Random,
  asked: boolean | ParameterRanges = true,
): SimParameters {
  const ranges = asked === true ? TABLE_RANGES : asked || {};
  if (Object.keys(ranges).length === 0) return values;
  const drawn: Record<ParameterName, number> = { ...values };
  for (const name of NAMES) {
    const range = ranges[name];
    if (range) drawn[name] = draw(range, PARAMETERS[name].spread, random.fork(name));
  }
  return simParameters(drawn);
}

/** The ranges of the table. */
export const TABLE_RANGES: ParameterRanges = Object.fromEntries(
  NAMES.flatMap((name) => {
    const { range } = PARAMETERS[name];
    return range && name !== "cpuLimitCores" ? [[name, range] as const] : [];
  }),
);

function draw([low, high]: readonly [number, number], spread: Spread, random: Random): number {
  if (spread === "whole") return low + random.integer(high - low + 1);
  return spread === "log-uniform" && low > 0 ? logUniform(random, low, high) : uniform(random, low, high);
}
