/** The objectives there are. */
import { named } from "../named.ts";
import { agarwal } from "./agarwal.ts";
import { corrected } from "./corrected.ts";
import type { Objective } from "./objective.ts";
import { paper } from "./paper.ts";
import { product } from "./product.ts";

export const OBJECTIVES = { paper, agarwal, corrected, product } as const satisfies Readonly<Record<string, Objective>>;

export type ObjectiveName = keyof typeof OBJECTIVES;

/** Throws `BadInputError` for an objective that does not exist. */
export function objectiveNamed(name: string): Objective {
  return named("objective", OBJECTIVES, name);
}
