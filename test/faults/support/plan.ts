/** A seeded order of faults or inputs, as `replicant chaos` has it. */
export { planOf } from "../../../services/cli/chaos/plan.ts";
