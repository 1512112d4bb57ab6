/** Objectives by name. */
import { named } from "../named.ts";
import * as OBJECTIVES from "./all.ts";
import type { Objective } from "./objective.ts";

export { OBJECTIVES };
/** The name of an objective, as checkpoints record it. */
export type ObjectiveName = keyof typeof OBJECTIVES;

/** Throws `BadInputError` for an objective that does not exist. */
export function objectiveNamed(name: string): Objective {
  return named<Objective>("objective", OBJECTIVES, name);
}
