/** The learner's side of the world: environments, spaces, vectors, wrappers, and a checker. As Gymnasium ≥ 1.0. */
export { EnvironmentMisuseError } from "./environment/contract.ts";
export type {
  BaseInfo,
  Environment,
  LiveEnvironment,
  ResetOptions,
  ResetResult,
  StepResult,
} from "./environment/contract.ts";
export {
  box,
  boxContains,
  discrete,
  discreteContains,
  sampleBox,
  sampleDiscrete,
  sizeOf,
} from "./environment/spaces.ts";
export type { BoxSpace, DiscreteSpace } from "./environment/spaces.ts";
export { seedOf, vectorOf } from "./environment/vector.ts";
export type { AutoReset, VectorEnvironment, VectorStep } from "./environment/vector.ts";
export { episodeStatistics, normaliseObservation, RunningStatistics, timeLimit } from "./environment/wrappers.ts";
export type { EpisodeStatistics, NormalisationStatistics, NormaliseOptions } from "./environment/wrappers.ts";
export { checkEnvironment } from "./environment/checker.ts";
