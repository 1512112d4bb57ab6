/** Proposals and decisions with sensible values, to be changed where a test cares. Window `seq` ends at seq × 30 s. */
import type { ReplicaTarget } from "#shared/core/replica-target.ts";
import type { Applied } from "#shared/core/decision.ts";
import { decisionIdOf, type LearnedDetail, type Proposal } from "#shared/core/proposal.ts";

export const A_POLICY = { name: "lstm-ppo-plus@corrected", version: "0123456789ab" };

export function aProposal(changes: Partial<Proposal> = {}): Proposal {
  const { functionName = "stress", seq = 1, generation = "" } = changes;
  const endedAtMs = changes.endedAtMs ?? seq * 30_000;
  return {
    decisionId: decisionIdOf(functionName, endedAtMs, generation),
    functionName,
    namespace: "openfaas-fn",
    generation,
    seq,
    endedAtMs,
    policy: A_POLICY,
    proposedReplicas: 3,
    because: "learned: +1 on 2",
    learned: null,
    ...changes,
  };
}

export function aTarget(changes: Partial<ReplicaTarget> = {}): ReplicaTarget {
  return {
    ...{ replicasPerRps: 1, headroom: 2, inFlightPerReplica: 5, patienceSeconds: 1, leastReplicas: 0 },
    ...{ holdSeconds: 30, holdStarts: 0, memory: {}, ...changes },
  };
}

export function aLearnedDetail(changes: Partial<LearnedDetail> = {}): LearnedDetail {
  return {
    layout: "plus-8",
    observation: [0.3, 3, 100, 4, 0.5, 0.3, 1, 0],
    action: 3,
    actionMask: [true, true, true, true, true],
    logProbability: -0.5,
    value: 1,
    ...changes,
  };
}

export function anApplied(changes: Partial<Applied> = {}): Applied {
  const { functionName = "stress", seq = 1, generation = "" } = changes;
  const atMs = changes.atMs ?? (seq ?? 0) * 30_000;
  return {
    decisionId: decisionIdOf(functionName, atMs, generation),
    functionName,
    namespace: "openfaas-fn",
    generation,
    seq,
    atMs,
    trigger: "proposal",
    mode: "auto",
    policy: A_POLICY,
    current: 2,
    proposed: 3,
    stages: [],
    desired: 3,
    applied: 3,
    fencing: null,
    target: "openfaas",
    reason: "2 → 3",
    ...changes,
  };
}
