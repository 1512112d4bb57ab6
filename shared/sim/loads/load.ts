/** From a recipe to the load: its trace, exactly, and the function it calls. */
import { BadInputError } from "../../core/errors.ts";
import { seededRandom } from "../../core/random.ts";
import { DEFAULT_SPREAD } from "../../traces/spread.ts";
import { type Part, superpose } from "../../traces/superposition.ts";
import { type Trace, traceSeconds } from "../../traces/trace.ts";
import { simParameters } from "../parameters.ts";
import { simProfile, type SimProfile } from "../profiles.ts";
import { familyTrace } from "../workloads/families.ts";
import {
  isRecorded,
  type DrawnFunction,
  type FunctionRecipe,
  type LoadRecipe,
  MAX_TIMES,
  referencesOf,
} from "./recipe.ts";

/** A load ready to run: its trace and the function that it calls. */
export interface Load {
  readonly recipe: LoadRecipe;
  readonly trace: Trace;
  readonly profile: SimProfile;
}

/** The trace that a reference (`file` or `file#selection`) names, read already. */
export type TraceOf = (reference: string) => Trace;

/** Same recipe, same traces, same load. Throws `BadInputError` for a part that does not fit its trace. */
export function loadOf(recipe: LoadRecipe, traceOf: TraceOf): Load {
  return { recipe, trace: traceOfRecipe(recipe, traceOf), profile: profileOf(recipe.function) };
}

/** The trace alone. */
export function traceOfRecipe(recipe: LoadRecipe, traceOf: TraceOf): Trace {
  const { name, family, durationSeconds, seed } = recipe;
  const random = seededRandom(`load/${seed}`);
  if (!isRecorded(recipe)) {
    return { ...familyTrace(family, { meanRps: recipe.meanRps, durationSeconds, random }), name };
  }
  const parts = recipe.parts.flatMap((part) =>
    referencesOf(part).map((reference): Part => ({
      trace: traceOf(reference),
      fromSeconds: part.fromSeconds,
      seconds: part.seconds ?? durationSeconds - (part.atSeconds ?? 0),
      atSeconds: part.atSeconds ?? 0,
      factor: part.times ?? part.share ?? 1,
    })),
  );
  checkMultiplied(name, parts);
  return superpose(parts, { name, durationSeconds, spread: recipe.spread ?? DEFAULT_SPREAD, random });
}

/** A moment of a trace that several parts take is multiplied by as many: no more than `MAX_TIMES` altogether. */
function checkMultiplied(name: string, parts: readonly Part[]): void {
  for (const { trace, fromSeconds } of parts) {
    const length = traceSeconds(trace);
    // What is taken most often is taken where some part begins.
    const times = parts.reduce((sum, part) => {
      const into = (((fromSeconds - part.fromSeconds) % length) + length) % length;
      return part.trace.name === trace.name && into < part.seconds ? sum + part.factor : sum;
    }, 0);
    if (times > MAX_TIMES + 1e-9) {
      throw new BadInputError(
        `load '${name}': second ${fromSeconds} of '${trace.name}' must be taken at most ${MAX_TIMES} times, was: '${times}'`,
      );
    }
  }
}

/** Name of every function that was drawn for its load; which one it is follows from the load's name. */
export const DRAWN = "drawn";
const USUAL_MIN_REPLICAS = 1;
/** Which share of the calls it is that must keep the SLO, is the evaluation's to say. */
const USUAL_PERCENTILE = 95;
/** Allocatable cores of a node. */
const NODE_CORES = simParameters().nodeCores;

/** The profile of a recipe's function: a shipped one by name, or a drawn one. */
export function profileOf(recipe: FunctionRecipe): SimProfile {
  return typeof recipe === "string" ? simProfile(recipe) : drawnProfile(recipe);
}

function drawnProfile(drawn: DrawnFunction): SimProfile {
  const { cpuSeconds, sleepSeconds, workCv, sloSeconds, targetInFlight, maxReplicas } = drawn;
  const { cpuLimitCores, maxInflight, startMedianSeconds, startSigma } = drawn;
  const replicasPerNode = Math.floor(NODE_CORES / cpuLimitCores + 1e-9);
  if (replicasPerNode < 1) {
    throw new BadInputError(`a function must fit on a node of ${NODE_CORES} cores, was: '${cpuLimitCores}'`);
  }
  return {
    name: DRAWN,
    cpuSeconds,
    sleepSeconds,
    workCv,
    slo: { seconds: sloSeconds, percentile: USUAL_PERCENTILE },
    rateScale: 1,
    targetInFlight,
    minReplicas: USUAL_MIN_REPLICAS,
    maxReplicas,
    parameters: simParameters({
      cpuLimitCores,
      cpuRequestCores: cpuLimitCores,
      maxInflight,
      startMedianSeconds,
      startSigma,
      // A start that is quick by its nature is not slowed by the floor of the others.
      startFloorSeconds: Math.min(simParameters().startFloorSeconds, 0.6 * startMedianSeconds),
      // So many nodes that all replicas find a place: how a full cluster behaves is another question.
      nodes: Math.ceil(maxReplicas / replicasPerNode),
    }),
  };
}
