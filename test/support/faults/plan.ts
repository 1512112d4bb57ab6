/** A seeded order of faults or inputs, as `replicant chaos` has it. */
export { planOf } from "#shared/live/chaos/plan.ts";
