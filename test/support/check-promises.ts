/** The guard's promises, checked on a record that is there as a whole. */
import type { GuardSettings } from "#shared/guard/guard.ts";
import { promiseChecker, type PromiseReport, type RecordedEvent } from "#shared/guard/promises.ts";

export function checkPromises(events: Iterable<RecordedEvent>, settings?: GuardSettings): PromiseReport {
  const checker = promiseChecker(settings);
  for (const event of events) checker.take(event);
  return checker.report();
}
