/** Which functions' counters were seen: one that is there no more while its process lives on is missed, and not a counter never touched. */
import type { FunctionId } from "../../ports/metrics-source.ts";
import type { Answers } from "./answers.ts";
import type { TickName } from "./expressions.ts";

/** When a process began is told by a clock that is nudged. */
const SAME_START_SECONDS = 2;

export class KnownCounters {
  /** By function, when the process began that counted; null where it does not say. */
  readonly #known = new Map<string, number | null>();

  /** What an answer says of the functions that are asked about. */
  note(told: Answers<TickName>, functions: readonly FunctionId[]): void {
    for (const about of functions) {
      const startedSeconds = told.value("processStart", about);
      const key = keyOf(about);
      const before = this.#known.get(key);
      if (told.value("present", about) !== null) this.#known.set(key, startedSeconds);
      // Of another process nothing is known yet.
      else if (isLater(before, startedSeconds)) this.#known.delete(key);
    }
  }

  isMissed(told: Answers<TickName>, about: FunctionId): boolean {
    return this.#known.has(keyOf(about)) && told.value("present", about) === null;
  }
}

const keyOf = ({ functionName, namespace }: FunctionId) => `${functionName}.${namespace}`;

function isLater(before: number | null | undefined, now: number | null): boolean {
  return typeof before === "number" && now !== null && now > before + SAME_START_SECONDS;
}
