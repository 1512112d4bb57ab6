/** Small valid events, for tests that care for the way and not for the freight. */
import { makeEvent } from "#shared/events/codec.ts";
import type { ReplicantEvent } from "#shared/events/types.ts";

/** An event that streams keep; `number` makes its id and is in its summary. */
export function aModelEvent(number: number, nowMs = Date.now()): ReplicantEvent<"model"> {
  return makeEvent("model", {
    source: "trainer",
    subject: "echo",
    key: number,
    nowMs,
    data: {
      functionName: "echo",
      policy: { name: "lstm-ppo", version: "1" },
      layout: "paper",
      digest: "sha256:0",
      action: "published",
      summary: String(number),
    },
  });
}

/** An event that is worth something only now. */
export function aTickEvent(number: number, nowMs = Date.now()): ReplicantEvent<"tick"> {
  return makeEvent("tick", {
    source: "metrics-collector",
    subject: "echo",
    key: number,
    nowMs,
    data: {
      managed: {
        functionName: "echo",
        namespace: "openfaas-fn",
        mode: "auto",
        policy: "kpa",
        minReplicas: 1,
        maxReplicas: 5,
        slo: { seconds: 1, percentile: 95 },
        startCostSeconds: 15,
        targetInFlight: 5,
      },
      tick: {
        functionName: "echo",
        namespace: "openfaas-fn",
        generation: "",
        atMs: nowMs,
        timeLapse: 1,
        inFlight: 0,
        desiredReplicas: 1,
        availableReplicas: 1,
        arrivals: number,
        metricAgeSeconds: 0,
      },
    },
  });
}

export function numberOf(event: ReplicantEvent<"model">): number {
  return Number(event.data.summary);
}
