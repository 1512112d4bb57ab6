/** What is expected of the scaler: a decision each window, for each function it receives events of; by a proposal, where the loop is whole. */
import type { Applied } from "#shared/core/decision.ts";
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import { windowRealMs } from "#shared/events/age.ts";
import type { ProposalMade, TickTaken } from "#shared/events/types.ts";
import type { Activity } from "#shared/host/activity.ts";
import type { PublishedWindow } from "./published-windows.ts";

/**
 * Notes decisions, so that one that is overdue is a problem of the part: one a window of `windowSeconds`, trace time, is due for
 * each function.
 */
export function decisionWatch(activity: Activity, windowSeconds: number) {
  function expect(functionName: string, everyMs: number): void {
    activity.expect("window", functionName, { everyMs, else: "nothing but the floor decides" });
    activity.expect("decision", functionName, { everyMs, else: "the replica count stays what it is" });
    activity.expect("proposal", functionName, { everyMs, else: "the fallback rule decides" });
  }

  const isOff = ({ functionName, mode }: ManagedFunction): boolean => {
    if (mode !== "off") return false;
    for (const deed of ["window", "decision", "proposal"]) activity.excuse(deed, functionName);
    return true;
  };

  return {
    tick({ managed, tick }: TickTaken): void {
      activity.did("tick", managed.functionName);
      if (!isOff(managed)) expect(managed.functionName, (windowSeconds * 1_000) / tick.timeLapse);
    },
    /** One that is not too late. */
    window({ managed, window }: PublishedWindow): void {
      if (isOff(managed)) return;
      const everyMs = windowRealMs(window);
      activity.did("window", managed.functionName, { everyMs, else: "nothing but the floor decides" });
      expect(managed.functionName, everyMs);
    },
    /** One that is not too late. */
    proposal({ managed }: ProposalMade): void {
      if (!isOff(managed)) activity.did("proposal", managed.functionName);
    },
    applied({ functionName, trigger, applied }: Applied): void {
      // The floor acts between windows, whether or not there are any.
      if (trigger !== "floor" && trigger !== "tick") activity.did("decision", functionName);
      if (applied !== null) activity.did("applied", functionName);
    },
  };
}
