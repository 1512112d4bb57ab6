/**
 * A learned policy whose answer depends on its last 64 windows and on nothing before: two processes that have a window and its
 * `history` compute the same answer, bit for bit, however long either has been running.
 *
 * LSTM states start from zero at checkpoints, windows whose number divides by 32. Two policies run side by side: the active one, which
 * answers, started at the last checkpoint but one and so remembers 32 to 63 windows before the present one; the standby started at the
 * last checkpoint and becomes active at the next. A held model's hold learns for longer: that travels with its target (`memory`).
 */
import type { PolicyAnswer, PolicyInput, ScalingPolicy } from "../core/policy.ts";
import type { PolicyIdentity } from "../core/proposal.ts";
import { HISTORY_WINDOWS } from "../core/window.ts";
import { ModelHold } from "./held-model.ts";
import { LearnedPolicy, proposeAll, type Asked, type LearnedAnswer, type LearnedModel } from "./learned.ts";

/** Windows between two checkpoints of the memory. */
export const CHECKPOINT_WINDOWS = HISTORY_WINDOWS / 2;

/** A learned policy whose memory begins anew at checkpoints, so that a restart reaches the same state. */
export class CheckpointedMemoryPolicy implements ScalingPolicy {
  readonly identity: PolicyIdentity;
  readonly model: LearnedModel;
  #active: LearnedPolicy;
  #standby: LearnedPolicy;
  readonly #hold: ModelHold | null;
  /** The number of the last checkpoint. */
  #checkpoint: number | null = null;
  /** Inputs that the active policy has seen, and the standby not yet. */
  #pending: PolicyInput[] = [];

  /** Throws `BadInputError` when the network does not fit the layout or the actions. */
  constructor(model: LearnedModel) {
    this.identity = model.identity;
    this.model = model;
    this.#active = new LearnedPolicy(model);
    this.#standby = new LearnedPolicy(model);
    this.#hold = model.isHeld ? new ModelHold() : null;
  }

  propose(input: PolicyInput): PolicyAnswer {
    const [answer] = proposeCheckpointed([{ policy: this, input }]);
    catchUp([this]);
    return answer!;
  }

  /** The policy that answers on this window. The standby must have caught up before. */
  activeFor(input: PolicyInput): LearnedPolicy {
    const checkpoint = checkpointOf(input.window.seq);
    if (this.#checkpoint !== null && checkpoint !== this.#checkpoint) {
      this.#active = checkpoint === this.#checkpoint + 1 ? this.#standby : new LearnedPolicy(this.model);
      this.#standby = new LearnedPolicy(this.model);
    }
    this.#checkpoint = checkpoint;
    this.#pending.push(input);
    return this.#active;
  }

  /** What the network answered, as a target where ticks hold the model. */
  asHeld(answer: LearnedAnswer, input: PolicyInput): PolicyAnswer {
    return this.#hold === null ? answer : this.#hold.hold(answer, input);
  }

  /** What the standby has still to see; it is asked for once. */
  takePending(): readonly Asked[] {
    const pending = this.#pending.map((input) => ({ policy: this.#standby, input }));
    this.#pending = [];
    return pending;
  }
}

/** A policy and the input that it is asked about. */
export interface AskedCheckpointed {
  readonly policy: CheckpointedMemoryPolicy;
  readonly input: PolicyInput;
}

/** Answers all of them with one call of the engine for each model. A policy may be asked once; `catchUp` must follow. */
export function proposeCheckpointed(asked: readonly AskedCheckpointed[]): readonly PolicyAnswer[] {
  catchUp(asked.map(({ policy }) => policy));
  const answers = proposeAll(asked.map(({ policy, input }) => ({ policy: policy.activeFor(input), input })));
  return asked.map(({ policy, input }, i) => policy.asHeld(answers[i]!, input));
}

/** Shows the standbys what their active policies have seen; no answer waits for it. */
export function catchUp(policies: readonly CheckpointedMemoryPolicy[]): void {
  const pending = policies.flatMap((policy) => policy.takePending());
  if (pending.length > 0) proposeAll(pending);
}

/** The number of the first window that may be remembered at window `seq`. */
export function firstRemembered(seq: number): number {
  return Math.max(0, checkpointOf(seq) - 1) * CHECKPOINT_WINDOWS;
}

function checkpointOf(seq: number): number {
  return Math.floor(seq / CHECKPOINT_WINDOWS);
}
