/** Windows in, proposals out: one policy instance per managed function, rebuilt from history whenever the chain of windows breaks. */
import type { PolicyFactory, PolicyAnswer, ScalingPolicy } from "#shared/core/policy.ts";
import { decisionIdOf, type Proposal } from "#shared/core/proposal.ts";
import { isDecidable, type MetricsWindow } from "#shared/core/window.ts";
import type { WindowClosed } from "#shared/events/types.ts";

export type InferenceResult =
  | { readonly kind: "proposal"; readonly proposal: Proposal }
  /** The window cannot be decided on: absence means hold. */
  | {
      readonly kind: "no-data";
      readonly functionName: string;
      readonly seq: number;
      readonly missing: readonly string[];
    };

export interface Inference {
  /** Steps the function's policy and remembers it. A window seen before gets the same answer again. */
  step(closed: WindowClosed): InferenceResult;
  /** Computes the same proposal from history alone and remembers nothing. */
  preview(closed: WindowClosed): InferenceResult;
  /** What is remembered, by function. */
  memory(): Readonly<Record<string, { readonly policy: string; readonly seq: number }>>;
}

interface Remembered {
  readonly policyName: string;
  readonly policy: ScalingPolicy;
  readonly seq: number;
  readonly result: InferenceResult;
}

/** `policyByName` throws `BadInputError` for a name it does not know. */
export function createInference(policyByName: (name: string) => PolicyFactory): Inference {
  const remembered = new Map<string, Remembered>();

  function fromHistory(closed: WindowClosed): ScalingPolicy {
    const policy = policyByName(closed.managed.policy)();
    for (const window of closed.history) show(policy, closed, window);
    return policy;
  }

  function show(policy: ScalingPolicy, { managed }: WindowClosed, window: MetricsWindow): PolicyAnswer | null {
    return isDecidable(window) ? policy.propose({ window, managed, nowMs: window.endedAtMs }) : null;
  }

  function result(policy: ScalingPolicy, closed: WindowClosed): InferenceResult {
    const { window } = closed;
    const { functionName, namespace, seq, endedAtMs } = window;
    const answer = show(policy, closed, window);
    if (!answer) return { kind: "no-data", functionName, seq, missing: window.missing };
    const proposal: Proposal = {
      decisionId: decisionIdOf(functionName, endedAtMs),
      functionName,
      namespace,
      seq,
      endedAtMs,
      policy: policy.identity,
      proposedReplicas: answer.proposedReplicas,
      because: answer.because,
      learned: answer.learned ?? null,
    };
    return { kind: "proposal", proposal };
  }

  return {
    step(closed) {
      const { functionName, seq } = closed.window;
      const policyName = closed.managed.policy;
      const last = remembered.get(functionName);
      const same = last?.policyName === policyName;
      if (same && last.seq === seq) return last.result;
      const policy = same && last.seq === seq - 1 ? last.policy : fromHistory(closed);
      const answered = result(policy, closed);
      remembered.set(functionName, { policyName, policy, seq, result: answered });
      return answered;
    },
    preview: (closed) => result(fromHistory(closed), closed),
    memory: () =>
      Object.fromEntries([...remembered].map(([name, { policyName, seq }]) => [name, { policy: policyName, seq }])),
  };
}
