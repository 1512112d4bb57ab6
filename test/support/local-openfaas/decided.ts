/** Decisions and windows as they come from the bus. */
import type { Applied } from "#shared/core/decision.ts";
import type { MeasuredWindow } from "#shared/core/window.ts";
import { makeEvent } from "#shared/events/codec.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";

const clause = "in-flight 12.4 ÷ target 2";

/** A decision whose stages each do something, `seq` in its id. */
export function aDecision(seq: number, nowMs: number, changes: Partial<Applied> = {}) {
  const { functionName = "stress" } = changes;
  const data: Applied = {
    decisionId: `${functionName}@${seq}`,
    functionName,
    namespace: "openfaas-fn",
    generation: "",
    seq,
    atMs: nowMs,
    trigger: "proposal",
    mode: "auto",
    policy: { name: "openfaas-pro", version: "1" },
    current: 1,
    proposed: 7,
    stages: [
      { stage: "valid", replicas: 1, note: null },
      { stage: "proposed", replicas: 7, note: clause },
      { stage: "floor", replicas: 7, note: null },
      { stage: "stabilised", replicas: 7, note: null },
      { stage: "rate-limited", replicas: 3, note: "rate-limited from 7: at most 3 within 15 s" },
      { stage: "bounded", replicas: 3, note: null },
      { stage: "applied", replicas: 3, note: null },
    ],
    desired: 3,
    applied: 3,
    target: "openfaas",
    fencing: null,
    reason: `1 → 3: ${clause} (openfaas-pro); rate-limited from 7: at most 3 within 15 s`,
    ...changes,
  };
  return makeEvent("applied", { source: "scaler", subject: functionName, key: seq, nowMs, data });
}

export function aClosedWindow(seq: number, nowMs: number, changes: Partial<MeasuredWindow> = {}) {
  const { functionName = "stress" } = changes;
  const data = { managed: aManaged({ functionName }), window: aWindow({ seq, ...changes }), history: [] };
  return makeEvent("window", { source: "metrics-collector", subject: functionName, key: seq, nowMs, data });
}
