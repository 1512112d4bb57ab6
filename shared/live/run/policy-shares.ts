/** Who decided how often, and in how many of those decisions the guard, or the bounds, made another count than was proposed. */
import type { Applied, GuardStageName } from "../../core/decision.ts";
import type { PolicyIdentity } from "../../core/proposal.ts";

/** The decisions of one policy, by version and trigger. */
export interface PolicyShare extends PolicyIdentity {
  readonly trigger: Applied["trigger"];
  readonly decisions: number;
  /** Those in which the guard wanted another count than the policy. */
  readonly guarded: number;
  /** Those in which the function's bounds, or the platform's, did not allow the count. */
  readonly bounded: number;
}

/** Counts decisions by who proposed them. */
export class PolicyShares {
  readonly #shares = new Map<string, PolicyShare>();

  add({ policy: { name, version }, trigger, stages, applied }: Applied): void {
    const key = `${trigger} ${name} ${version}`;
    const share = this.#shares.get(key) ?? { name, version, trigger, decisions: 0, guarded: 0, bounded: 0 };
    const at = (name: GuardStageName) => stages.find(({ stage }) => stage === name)?.replicas ?? null;
    const [proposed, guarded, bounded] = [at("proposed"), at("rate-limited"), at("bounded")];
    const isBounded = guarded !== bounded || (applied !== null && applied !== bounded);
    this.#shares.set(key, {
      ...share,
      decisions: share.decisions + 1,
      guarded: share.guarded + (proposed === guarded ? 0 : 1),
      bounded: share.bounded + (isBounded ? 1 : 0),
    });
  }

  /** In the order of their first decision. */
  get all(): readonly PolicyShare[] {
    return [...this.#shares.values()];
  }
}
