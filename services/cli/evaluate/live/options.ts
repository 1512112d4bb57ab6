/** What a live evaluation runs, checked before anything is changed: traces, policies as annotations name them, and how long. */
import { resolve } from "node:path";

import { BadInputError } from "#shared/core/errors.ts";
import { FOLLOWS } from "#shared/core/model.ts";
import { isBoundName } from "#shared/evaluation/knowing.ts";
import { HELD, heldName } from "#shared/policies/held-model.ts";
import { policyReference } from "#shared/policies/reference.ts";
import { readFlags } from "#shared/config/flags.ts";
import { isFolder } from "#shared/live/is-folder.ts";
import { annotationOf } from "#shared/live/managed.ts";
import { DEMO } from "../../up/options.ts";
import { readMatrixFlags, scaledTraces, type EvaluateFlags } from "#shared/evaluation/options.ts";
import { readPolicies, type NamedPolicy } from "#shared/evaluation/files/policies.ts";
import { loadNamedTraces, type NamedTrace } from "#shared/evaluation/files/traces.ts";

export interface LivePolicy extends NamedPolicy {
  /** As the function's annotation takes it. */
  readonly annotation: string;
}

export interface LiveOptions {
  readonly cells: readonly { readonly trace: NamedTrace; readonly rateScale: number }[];
  readonly policies: readonly LivePolicy[];
  readonly seeds: readonly number[];
  readonly functionName: string | null;
  readonly fromWindow: number;
  readonly windows: number;
  readonly settleWindows: number;
  readonly out: string | null;
  readonly json: boolean;
}

/** A scale-down waits for 90 s and then halves a count each 30 s: by then a policy is at what it makes of idleness. */
const SETTLE_WINDOWS = 8;

/** Throws `BadInputError` for all that can be known beforehand. Without traces it is the demo's load. */
export async function readLiveFlags(flags: EvaluateFlags, modelsFolder: string): Promise<LiveOptions> {
  const isDemo = flags.traces === undefined && flags.split === undefined;
  const read = readFlags();
  const { loads, limit, ...replayed } = flags;
  const matrix = readMatrixFlags(isDemo ? { ...replayed, traces: DEMO.trace } : replayed, read, 1);
  const simulatedOnly = {
    ...{ loads, limit, profiles: flags.profiles, guard: flags.guard, workers: flags.workers },
    "start-cost": flags.startCost,
  };
  for (const [name, given] of Object.entries(simulatedOnly)) {
    if (given !== undefined) read.problem(`--${name} belongs to the simulator, and --env is live`);
  }
  if (flags.policies === undefined) read.problem("--policies is missing: for example hpa,openfaas-pro");
  const count = { least: 1, most: 100_000, whole: true };
  const fromOtherwise = isDemo ? Number(DEMO.fromWindow) : 0;
  const options = {
    seeds: matrix.seeds,
    functionName: flags.function ?? null,
    fromWindow: read.number("from-window", flags.fromWindow, fromOtherwise, { ...count, least: 0, most: 10_000_000 }),
    windows: read.number("windows", flags.windows, Number(DEMO.windows), count),
    settleWindows: read.number("settle-windows", flags.settleWindows, SETTLE_WINDOWS, { ...count, least: 0, most: 20 }),
    out: matrix.out,
    json: matrix.json,
  };
  read.done();
  const named = await readPolicies(flags.policies!, modelsFolder);
  const policies = named.map((one) => ({ ...one, annotation: annotated(one.name) }));
  const scaled = await scaledTraces(matrix, [isDemo ? Number(DEMO.rateScale) : 1]);
  const traces = await loadNamedTraces(
    scaled.map(({ trace }) => trace),
    matrix.format,
  );
  const cells = traces.flatMap((trace, i) => scaled[i]!.rateScales.map((rateScale) => ({ trace, rateScale })));
  return { ...options, cells, policies };
}

/** A folder is the checkpoint in it, and stays it. */
function annotated(name: string): string {
  const refuse = (because: string) => new BadInputError(`policy '${name}' cannot run live: ${because}`);
  if (name.endsWith("@bare")) throw refuse("the live loop has no way around the guard");
  if (name.endsWith("@sampled")) throw refuse("a model in service takes the likeliest action, it does not draw");
  if (isBoundName(name)) throw refuse("nobody knows the arrivals beforehand");
  const plain = name.replace(/@30s$/, "");
  const { model, isHeld } = heldName(plain);
  const annotation = isFolder(model)
    ? `${resolve(model)}${isHeld ? HELD : ""}`
    : plain.startsWith(FOLLOWS)
      ? annotationOf(plain, isFolder)
      : plain;
  policyReference(annotation);
  return annotation;
}
