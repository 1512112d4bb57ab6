/** Facts read back from where they were stored: checked as an event is, for a file may hold anything. */
import type { Fact } from "../core/transition.ts";
import { FACT_SCHEMA } from "./schemas.ts";

/** Null for what is no fact. */
export function readFact(line: unknown): Fact | null {
  const result = FACT_SCHEMA.safeParse(line);
  return result.success ? result.data : null;
}
