/** Sixteen minutes of a guard's life as a record of events. */
import { decide, GUARD_DEFAULTS, onTick, startGuard, type GuardDecision } from "#shared/guard/guard.ts";
import type { RecordedEvent } from "#shared/guard/promises.ts";
import { decisionIdOf } from "#shared/core/proposal.ts";
import { aFunction, anIdleWindow, anInput, aTick, aWindow, obeyed } from "./fixtures.ts";

const managed = aFunction({ minReplicas: 1, maxReplicas: 20 });
const POLICY = { name: "openfaas-pro", version: "1" };

/**
 * Sixteen minutes of a guard: quiet, a burst between windows, busy, someone else's hand, a frozen window, a missing one, idle;
 * then another scaler takes over.
 */
export function aStory(): RecordedEvent[] {
  const record: RecordedEvent[] = [];
  let replicas = 2;
  let fencing = 1;
  let state = startGuard(0);
  let previousId: string | null = null;
  const settle = (decision: GuardDecision) => {
    const settled = obeyed(state, decision, { fencing, previousId, target: "openfaas" });
    ({ state } = settled);
    record.push({ kind: "applied", data: settled.applied });
    previousId = settled.applied.decisionId;
    replicas = settled.applied.applied ?? replicas;
  };
  for (let seq = 1; seq <= 32; seq++) {
    const busy = seq > 6 && seq < 14;
    for (let atSeconds = seq * 30 - 28; atSeconds < seq * 30; atSeconds += 2) {
      const inFlight = busy ? 60 : 1;
      const tick = aTick(atSeconds, { inFlight, desiredReplicas: replicas, availableReplicas: busy ? 2 : replicas });
      record.push({ kind: "tick", data: { managed, tick } });
      const ticked = onTick(state, { managed, tick, current: replicas }, GUARD_DEFAULTS);
      ({ state } = ticked);
      if (ticked.decision !== null) settle(ticked.decision);
    }
    if (seq === 16) replicas += 2;
    if (seq === 25) {
      fencing = 2;
      state = startGuard(seq * 30_000);
      previousId = null;
    }
    const counts = { desiredReplicas: replicas, availableReplicas: replicas };
    const window = busy
      ? aWindow(seq, { ...counts, inFlightMax: 60 })
      : anIdleWindow(seq, { ...counts, ...(seq === 18 && { arrivals: null }) });
    record.push({ kind: "window", data: { managed, window } });
    const proposed = busy ? 12 : 2;
    const decisionId = decisionIdOf(window.functionName, window.endedAtMs);
    const { functionName, namespace, endedAtMs } = window;
    const proposal = {
      decisionId,
      functionName,
      namespace,
      generation: window.generation,
      seq,
      endedAtMs,
      policy: POLICY,
      proposedReplicas: proposed,
    };
    record.push({ kind: "proposal", data: { proposal: { ...proposal, because: "a story", learned: null } } });
    const decided = decide(state, anInput({ managed, window, current: replicas, proposed }), GUARD_DEFAULTS);
    ({ state } = decided);
    settle(decided.decision);
  }
  return record;
}
