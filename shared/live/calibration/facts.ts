/** The function that a profile is for: its bounds, limits and SLO, as stack.yml or the gateway describes them. */
import { BadInputError } from "../../core/errors.ts";
import { readManagedFunction, type Labelled } from "../../core/managed-function.ts";
import type { FunctionFacts } from "../../sim/calibration/measurements.ts";
import { PROFILES } from "../../sim/profiles.ts";
import { parseDurationMs } from "../../deploy/durations.ts";
import { watchdogSettings } from "../../deploy/watchdog-settings.ts";
import { readResources, type ResourceList } from "../../deploy/quantities.ts";

/** A function with its labels, annotations and resources. */
export interface DescribedFunction extends Labelled {
  readonly limits: ResourceList;
  readonly requests: ResourceList;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Throws `BadInputError` for a function that is not managed, or whose annotations or limits cannot be read. */
export function factsOf(described: DescribedFunction): FunctionFacts {
  const { managed, problems } = readManagedFunction(described);
  if (problems.length > 0) throw new BadInputError(problems.join("\n"));
  if (!managed)
    throw new BadInputError(`'${described.name}' has no replicant annotation, so its bounds and SLO are not known`);
  const { cpuLimitCores, cpuRequestCores, memoryLimitBytes, memoryRequestBytes } = readResources(
    described.requests,
    described.limits,
  );
  const environment = described.environment ?? {};
  const seconds = (name: string) => {
    const text = environment[name];
    return text === undefined || text === "" ? null : parseDurationMs(text, name) / 1_000;
  };
  const megabytes = (bytes: number | null) => (bytes === null ? null : bytes / 1e6);
  return {
    name: managed.functionName,
    minReplicas: managed.minReplicas,
    maxReplicas: managed.maxReplicas,
    slo: managed.slo,
    targetInFlight: managed.targetInFlight,
    cpuLimitCores,
    cpuRequestCores,
    memoryLimitMegabytes: megabytes(memoryLimitBytes),
    memoryRequestMegabytes: megabytes(memoryRequestBytes),
    maxInflight: Number(environment["max_inflight"] ?? 0),
    execTimeoutSeconds: seconds("exec_timeout"),
    graceSeconds:
      environment["write_timeout"] || environment["healthcheck_interval"]
        ? watchdogSettings(environment).graceMs / 1_000
        : null,
    // What `up` and the training loads ask of a call.
    meanCpuSeconds: PROFILES.stress.cpuSeconds,
    workCv: PROFILES.stress.workCv,
  };
}
