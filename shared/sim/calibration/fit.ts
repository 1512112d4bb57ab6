/** Measurements → a simulator profile, and of each parameter how well it fits. */
import { PARAMETERS, type ParameterName } from "../parameters.ts";
import { PROFILES, simProfile, type SimProfile } from "../profiles.ts";
import { fitLogNormal } from "./log-normal.ts";
import type { FunctionFacts, Measurements, ScaleStep } from "./measurements.ts";
import { fitCallCost, workError, workRows, type CostFit, type ServiceModel, type WorkRow } from "./service.ts";
import { fitStarts, type StartFit } from "./start-up.ts";
import { median, quantile } from "./statistics.ts";

/** A fitted parameter, with its error and where it comes from. */
export interface FitRow {
  readonly parameter: ParameterName | "cpuSeconds";
  /** As in the profile: trace time. */
  readonly value: number;
  readonly unit: string;
  /** How far the model is from what was measured; null where nothing says. */
  readonly error: number | null;
  readonly errorMeaning: string;
  readonly samples: number;
  readonly how: string;
}

/** A profile fitted to measurements, and how well it fits. */
export interface Calibration {
  readonly profile: SimProfile;
  readonly fits: readonly FitRow[];
  /** The work ladder beside the model, real seconds. */
  readonly work: readonly WorkRow[];
  readonly workError: number | null;
  /** Parameters that nothing was measured for, so that the simulator's defaults apply. */
  readonly kept: readonly string[];
}

/** What is known of the measured function and platform. */
export interface FitOptions {
  readonly facts: FunctionFacts;
  /** Real seconds × this are trace seconds; the profile is in trace time. */
  readonly timeLapse: number;
  /** Cores that replicas share; null leaves the simulator's nodes as they are. */
  readonly cores: number | null;
}

type Changes = Partial<Record<ParameterName, number>>;

/** Throws `BadInputError` when the facts make no profile. */
export function calibrate(measured: Measurements, options: FitOptions): Calibration {
  const { facts, timeLapse } = options;
  const fits: FitRow[] = [];
  const changes: Changes = { ...stated(options) };
  const put = (row: Omit<FitRow, "unit">) => {
    if (row.parameter !== "cpuSeconds") changes[row.parameter] = row.value;
    fits.push({ ...row, unit: row.parameter === "cpuSeconds" ? "CPU s" : PARAMETERS[row.parameter].unit });
  };

  const cost = fitCallCost(measured.saturation);
  const periodSeconds = measured.cfsPeriodSeconds ?? PARAMETERS.cfsPeriodSeconds.value;
  changes.cfsPeriodSeconds = periodSeconds * timeLapse;
  const overheadSeconds = gatewayOverhead(measured, cost);
  const model: ServiceModel = {
    callCpuSeconds: cost?.callCpuSeconds ?? 0,
    limitRatio: cost?.limitRatio ?? 1,
    periodSeconds,
    overheadSeconds: overheadSeconds ?? 0,
  };
  const work = workRows(measured.work, model);
  const cpuSeconds = facts.meanCpuSeconds + model.callCpuSeconds * timeLapse;
  if (cost) putCost(put, cost, { cpuSeconds, limitCores: facts.cpuLimitCores });
  if (overheadSeconds !== null) putOverhead(put, measured, { overheadSeconds, cost, timeLapse });
  const start = fitStarts(
    measured.steps.flatMap(({ starts }) => lessCall(starts, measured.steps)),
    PARAMETERS.startSlowdownRatio.value,
  );
  if (start) putStarts(put, start, timeLapse);
  putCalls(put, measured.steps, timeLapse);
  if (measured.idleMemoryBytes !== null) {
    const how = "the platform's own figure for one idle replica";
    put({ parameter: "memoryBaseMegabytes", value: measured.idleMemoryBytes / 1e6, ...NO_ERROR, samples: 1, how });
  }
  if (measured.cpuLag) {
    const { lagSeconds, correlation } = measured.cpuLag;
    put({
      parameter: "cpuHousekeepingSeconds",
      // What is renewed every T is T/2 old on average.
      value: 2 * lagSeconds * timeLapse,
      error: 1 - correlation,
      errorMeaning: "1 − correlation",
      samples: 1,
      how: "lag of the CPU counters behind the client's truth at a rate step, twice",
    });
  }
  return {
    profile: simProfile(PROFILES.stress, {
      name: facts.name,
      cpuSeconds,
      sleepSeconds: 0,
      workCv: facts.workCv,
      slo: facts.slo,
      targetInFlight: facts.targetInFlight,
      minReplicas: facts.minReplicas,
      maxReplicas: facts.maxReplicas,
      parameters: changes,
    }),
    fits,
    work,
    workError: workError(work),
    kept: Object.keys(PARAMETERS).filter((name) => !(name in changes)),
  };
}

type Put = (row: Omit<FitRow, "unit">) => void;

/** Of a value that nothing was compared with. */
const NO_ERROR = { error: null, errorMeaning: "" } as const;

/** What is known without measuring: limits as deployed, and durations of the platform in trace time. */
function stated({ facts, timeLapse, cores }: FitOptions): Changes {
  const { cpuLimitCores, memoryLimitMegabytes, execTimeoutSeconds, graceSeconds, maxInflight } = facts;
  const limit = cpuLimitCores ?? 1;
  const request = facts.cpuRequestCores ?? limit;
  const inTraceTime = (
    [
      "upstreamTimeoutSeconds",
      "scaleFromZeroPollSeconds",
      "restartBackoffSeconds",
      "restartBackoffMaxSeconds",
      "graceSeconds",
    ] as const
  ).map((name) => [name, PARAMETERS[name].value * timeLapse]);
  const memory = {
    ...(memoryLimitMegabytes === null ? {} : { memoryLimitMegabytes }),
    ...(facts.memoryRequestMegabytes === null ? {} : { memoryRequestMegabytes: facts.memoryRequestMegabytes }),
  };
  return {
    ...(Object.fromEntries(inTraceTime) as Changes),
    ...(execTimeoutSeconds === null ? {} : { execTimeoutSeconds: execTimeoutSeconds * timeLapse }),
    ...(graceSeconds === null ? {} : { graceSeconds: graceSeconds * timeLapse }),
    ...memory,
    cpuLimitCores: limit,
    cpuRequestCores: request,
    maxInflight,
    // One machine, on which a replica never waits for room.
    ...(cores === null
      ? {}
      : { nodes: 1, nodeCores: Math.max(cores, facts.maxReplicas * request), imagePullChance: 0 }),
    // The observation path of a paired run is measured to be whole; what is dropped live is missing there by name.
    droppedScrapeChance: 0,
  };
}

/** The least loaded rungs show what the network path itself takes. */
function quietRungs({ noOp }: Measurements): number[] {
  const quiet = noOp.filter(({ latencySeconds }) => latencySeconds.length > 0).slice(0, 2);
  return quiet.flatMap(({ latencySeconds }) => latencySeconds);
}

function gatewayOverhead(measured: Measurements, cost: CostFit | null): number | null {
  const p50 = median(quietRungs(measured));
  // What the replica itself burns for a call is in its CPU, and must not count twice.
  return p50 === null ? null : Math.max(0, p50 - (cost?.callCpuSeconds ?? 0));
}

function putOverhead(
  put: Put,
  measured: Measurements,
  { overheadSeconds, cost, timeLapse }: { overheadSeconds: number; cost: CostFit | null; timeLapse: number },
): void {
  const latencies = quietRungs(measured);
  const law = fitLogNormal(latencies);
  put({
    parameter: "gatewayOverheadSeconds",
    value: overheadSeconds * timeLapse,
    error: law?.ksDistance ?? null,
    errorMeaning: "KS distance of a log-normal law",
    samples: latencies.length,
    how: `median of calls that do nothing${cost ? ", less their CPU" : ""}; the simulator adds it to every call alike`,
  });
}

function putCost(
  put: Put,
  { callCpuSeconds, limitRatio, medianError, samples }: CostFit,
  { cpuSeconds, limitCores }: { cpuSeconds: number; limitCores: number | null },
): void {
  const fit = { error: medianError, errorMeaning: "median relative error of the saturated rate", samples };
  const each = `${(callCpuSeconds * 1000).toFixed(3)} ms of CPU (real time) for each call`;
  put({ parameter: "cpuSeconds", value: cpuSeconds, ...fit, how: `the work, and ${each}` });
  if (limitCores === null) return;
  const how = `${(limitRatio * 100).toFixed(1)} % of the limit arrive`;
  put({ parameter: "cpuLimitCores", value: limitCores * limitRatio, ...fit, how });
}

function putStarts(put: Put, start: StartFit, timeLapse: number): void {
  const { sigma, floor, slowdownRatio, ksDistance, medianError, samples } = start;
  const law = { error: ksDistance, errorMeaning: "KS distance", samples };
  const usual = { error: medianError, errorMeaning: "median relative error", samples };
  const how = "steps of the count, from the call to availability";
  put({ parameter: "startMedianSeconds", value: start.median * timeLapse, ...usual, how });
  put({ parameter: "startSigma", value: sigma, ...law, how });
  put({ parameter: "startFloorSeconds", value: floor * timeLapse, ...law, how });
  const growth = "least spread of the starts of one step";
  put({ parameter: "startSlowdownRatio", value: slowdownRatio, ...usual, how: growth });
  // From outside, probe and routing table cannot be told apart from the start itself.
  const within = { ...NO_ERROR, samples: 0, how: "within the start" };
  put({ parameter: "readinessPeriodSeconds", value: 0, ...within });
  put({ parameter: "endpointSeconds", value: 0, ...within });
}

/** The simulator draws the scale call's own time beside the start's. */
function lessCall(starts: ScaleStep["starts"], steps: readonly ScaleStep[]): ScaleStep["starts"] {
  const call = median(steps.map(({ callSeconds }) => callSeconds)) ?? 0;
  return starts.map(({ others, seconds }) => ({ others, seconds: Math.max(seconds / 100, seconds - call) }));
}

function putCalls(put: Put, steps: readonly ScaleStep[], timeLapse: number): void {
  if (steps.length === 0) return;
  const seconds = steps.map(({ callSeconds }) => callSeconds);
  const range = { ...NO_ERROR, samples: steps.length, how: "5th and 95th percentile of the scale calls" };
  put({ parameter: "scaleCallMinSeconds", value: quantile(seconds, 0.05)! * timeLapse, ...range });
  put({ parameter: "scaleCallMaxSeconds", value: quantile(seconds, 0.95)! * timeLapse, ...range });
  const calls = steps.reduce((sum, step) => sum + step.calls, 0);
  if (calls === 0) return;
  const failed = steps.reduce((sum, step) => sum + step.failed, 0);
  put({
    parameter: "earlyFailureChance",
    value: failed / calls,
    // 95 % of a Poisson count: what a longer look might still find.
    error: failed === 0 ? 3 / calls : (2 * Math.sqrt(failed)) / calls,
    errorMeaning: "95 % bound",
    samples: calls,
    how: "calls that failed while the count changed",
  });
}
