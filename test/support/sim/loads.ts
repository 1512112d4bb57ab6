/** A function as a recipe draws it. */
import type { DrawnFunction } from "#shared/sim/loads/recipe.ts";

export const DRAWN: DrawnFunction = {
  cpuSeconds: 0.2,
  sleepSeconds: 0.1,
  workCv: 0.4,
  sloSeconds: 2,
  cpuLimitCores: 0.5,
  maxInflight: 8,
  targetInFlight: 4,
  startMedianSeconds: 20,
  startSigma: 0.3,
  maxReplicas: 30,
};
