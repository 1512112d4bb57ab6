/** What a calibration measures, in real seconds, whatever it was measured on. */
import type { Slo } from "../../core/slo.ts";
import type { LagFit } from "./lag.ts";
import type { Saturation, WorkCell } from "./service.ts";
import type { StartSample } from "./start-up.ts";

/** Open-loop calls that do nothing, at one rate. */
export interface NoOpRung {
  readonly offeredRps: number;
  readonly answeredRps: number;
  readonly failed: number;
  readonly latencySeconds: readonly number[];
}

/** One step of the desired count. */
export interface ScaleStep {
  readonly from: number;
  readonly to: number;
  /** From the call to its answer. */
  readonly callSeconds: number;
  /** The count that the platform accepted. */
  readonly applied: number;
  /** Of a step up, in the order in which they became available; fewer than requested where time was up. */
  readonly starts: readonly StartSample[];
  /** From the call to the count that was applied; null where it was not reached in time. */
  readonly reachedSeconds: number | null;
  /** Calls during the step, and those of them that failed. */
  readonly calls: number;
  readonly failed: number;
}

/** All that a calibration measures on a platform; real seconds. */
export interface Measurements {
  /** The period the platform enforces CPU limits in; null when it is not known. */
  readonly cfsPeriodSeconds: number | null;
  readonly noOp: readonly NoOpRung[];
  /** Calls that do nothing, as many as 16 waiting callers get answered; null when it was not measured. */
  readonly ceilingRps: number | null;
  readonly work: readonly WorkCell[];
  readonly saturation: readonly Saturation[];
  readonly steps: readonly ScaleStep[];
  /** Null when the metrics could not be read. */
  readonly arrivalsLag: LagFit | null;
  readonly cpuLag: LagFit | null;
  /** Of one idle replica; null when the platform does not report it. */
  readonly idleMemoryBytes: number | null;
}

/** The function that the profile is for, as it is deployed. Durations that people configure are real. */
export interface FunctionFacts {
  readonly name: string;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly slo: Slo;
  readonly targetInFlight: number;
  /** Null: no limit. */
  readonly cpuLimitCores: number | null;
  readonly cpuRequestCores: number | null;
  readonly memoryLimitMegabytes: number | null;
  readonly memoryRequestMegabytes: number | null;
  /** 0: none. */
  readonly maxInflight: number;
  readonly execTimeoutSeconds: number | null;
  readonly graceSeconds: number | null;
  /** Mean CPU-seconds of a call, trace time, and their spread. */
  readonly meanCpuSeconds: number;
  readonly workCv: number;
}
