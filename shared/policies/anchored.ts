/**
 * A learned policy whose answer depends on its last 64 windows and on nothing before: whoever has a window and its `history`
 * comes to the same answer, bit for bit, however long the other one has been running.
 *
 * Memory begins anew at anchors, windows whose number divides by 32. Two policies live side by side: the elder, which answers,
 * began at the last anchor but one and so remembers 32 to 63 windows before the present one; the younger began at the last
 * anchor and takes over at the next. What holds a model learns beside it for longer: that travels with its target (`memory`).
 */
import type { PolicyAnswer, PolicyInput, ScalingPolicy } from "../core/policy.ts";
import type { PolicyIdentity } from "../core/proposal.ts";
import { HISTORY_WINDOWS } from "../core/window.ts";
import { ModelHold } from "./held-model.ts";
import { LearnedPolicy, proposeAll, type Asked, type LearnedAnswer, type LearnedModel } from "./learned.ts";

export const ANCHOR_WINDOWS = HISTORY_WINDOWS / 2;

export class AnchoredPolicy implements ScalingPolicy {
  readonly identity: PolicyIdentity;
  readonly model: LearnedModel;
  #elder: LearnedPolicy;
  #younger: LearnedPolicy;
  readonly #hold: ModelHold | null;
  #anchor: number | null = null;
  /** Shown to the elder, not yet to the younger. */
  #owed: PolicyInput[] = [];

  /** Throws `BadInputError` when the network does not fit the layout or the actions. */
  constructor(model: LearnedModel) {
    this.identity = model.identity;
    this.model = model;
    this.#elder = new LearnedPolicy(model);
    this.#younger = new LearnedPolicy(model);
    this.#hold = model.isHeld ? new ModelHold() : null;
  }

  propose(input: PolicyInput): PolicyAnswer {
    const [answer] = proposeAnchored([{ policy: this, input }]);
    catchUp([this]);
    return answer!;
  }

  /** The one to answer on this window. The younger must have caught up before. */
  turnTo(input: PolicyInput): LearnedPolicy {
    const anchor = anchorOf(input.window.seq);
    if (this.#anchor !== null && anchor !== this.#anchor) {
      this.#elder = anchor === this.#anchor + 1 ? this.#younger : new LearnedPolicy(this.model);
      this.#younger = new LearnedPolicy(this.model);
    }
    this.#anchor = anchor;
    this.#owed.push(input);
    return this.#elder;
  }

  /** What the network answered, as a target where ticks hold the model. */
  asHeld(answer: LearnedAnswer, input: PolicyInput): PolicyAnswer {
    return this.#hold === null ? answer : this.#hold.hold(answer, input);
  }

  get owed(): readonly Asked[] {
    return this.#owed.map((input) => ({ policy: this.#younger, input }));
  }

  settle(): void {
    this.#owed = [];
  }
}

export interface AskedAnchored {
  readonly policy: AnchoredPolicy;
  readonly input: PolicyInput;
}

/** Answers all of them with one call of the engine for each model. A policy may be asked once; `catchUp` must follow. */
export function proposeAnchored(asked: readonly AskedAnchored[]): readonly PolicyAnswer[] {
  catchUp(asked.map(({ policy }) => policy));
  const answers = proposeAll(asked.map(({ policy, input }) => ({ policy: policy.turnTo(input), input })));
  return asked.map(({ policy, input }, i) => policy.asHeld(answers[i]!, input));
}

/** Shows the youngers what their elders have seen; nobody waits for it. */
export function catchUp(policies: readonly AnchoredPolicy[]): void {
  const owed = policies.flatMap((policy) => policy.owed);
  for (const policy of policies) policy.settle();
  if (owed.length > 0) proposeAll(owed);
}

/** The first window of what may be remembered at window `seq`. */
export function firstRemembered(seq: number): number {
  return Math.max(0, anchorOf(seq) - 1) * ANCHOR_WINDOWS;
}

function anchorOf(seq: number): number {
  return Math.floor(seq / ANCHOR_WINDOWS);
}
