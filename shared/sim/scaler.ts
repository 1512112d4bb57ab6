/** The scaler's place in simulated time: the same guard as in service, or none; what it decides goes to the platform at once. */
import { holdAnswer, tickHeld, type Answer, type Held } from "../guard/control/held.ts";
import {
  decide,
  FLOOR_POLICY,
  GUARD_DEFAULTS,
  onHeldTick,
  onTick,
  startGuard,
  withApplied,
  type GuardDecision,
  type GuardSettings,
  type GuardState,
} from "../guard/guard.ts";
import type { ManagedFunction } from "../core/managed-function.ts";
import type { PlatformLimits } from "../core/platform-limits.ts";
import type { PolicyIdentity } from "../core/proposal.ts";
import type { MetricsWindow, Tick } from "../core/window.ts";
import type { SimulatedPlatform } from "./platform.ts";

/** Whether the guard runs between policy and platform. */
export type GuardSwitch = "on" | "off";

/** What a scaler acts on, and behind which guard. */
export interface ScalerStart {
  readonly platform: SimulatedPlatform;
  readonly managed: ManagedFunction;
  /** `off`: a proposal is bounded by the function's minimum and maximum, and nothing else. */
  readonly guard: GuardSwitch;
  readonly settings?: Partial<GuardSettings> | undefined;
  /** The platform's own bounds. */
  readonly limits: PlatformLimits;
}

/** What became of a window's proposal. */
export interface SimDecision {
  readonly policy: PolicyIdentity;
  readonly current: number;
  /** Null: the policy had nothing to say. */
  readonly proposed: number | null;
  readonly applied: number;
  /** The proposal was changed on its way. */
  readonly clipped: boolean;
  /** Nothing could be concluded; the count stayed. */
  readonly held: boolean;
  readonly reason: string;
}

const NOTHING_HELD = { held: null, wanted: null } as const;
/** So long before the start the guard began: it is not just restarted. */
const LONG_AGO_MS = -86_400_000;

/** The scaler of the simulation: guard and fast controller, the same as in service. */
export class SimScaler {
  readonly #start: ScalerStart;
  readonly #settings: GuardSettings;
  #guard: GuardState = startGuard(LONG_AGO_MS);
  #held: Held | null = null;
  /** Σ |change of desired|. */
  churn = 0;

  constructor(start: ScalerStart) {
    this.#start = start;
    this.#settings = { ...GUARD_DEFAULTS, ...start.settings };
  }

  /** A held target, or the panic floor, between windows; the number of replicas that it set, or null. */
  onTick(tick: Tick): number | null {
    const { platform, managed, guard, limits } = this.#start;
    const { held, wanted } = this.#held === null ? NOTHING_HELD : tickHeld(this.#held, tick);
    this.#held = held;
    if (guard === "off") return wanted === null ? null : this.#scale(this.#bounded(wanted.proposedReplicas));
    const input = { managed, tick, current: platform.desired, platform: limits };
    const { decision, state } =
      held === null
        ? onTick(this.#guard, input, this.#settings)
        : onHeldTick(this.#guard, { ...input, wanted, policy: held.policy }, this.#settings);
    this.#guard = state;
    if (decision === null) return null;
    return this.#apply(decision).applied;
  }

  /** A policy that decides on ticks by itself sets what it proposes within the bounds: the guard is for windows. */
  onTickProposal({ proposedReplicas }: Answer): number {
    return this.#scale(this.#bounded(proposedReplicas));
  }

  /** Decides on a closed window; null answer: the policy proposed nothing. */
  onWindow(window: MetricsWindow, answer: Answer | null, policy: PolicyIdentity): SimDecision {
    const { platform, managed, guard, limits } = this.#start;
    const current = platform.desired;
    const proposal = answer === null ? null : this.#hold(answer, policy, window.endedAtMs);
    if (guard === "on") {
      const { decision, state } = decide(
        this.#guard,
        {
          managed,
          window,
          nowMs: window.endedAtMs,
          current,
          trigger: "proposal",
          policy,
          proposal,
          platform: limits,
          guard: this.#held === null ? 1 : 2,
        },
        this.#settings,
      );
      this.#guard = state;
      return this.#apply(decision);
    }
    if (proposal === null) {
      return { policy, current, proposed: null, applied: current, clipped: false, held: true, reason: "no proposal" };
    }
    const proposed = proposal.proposedReplicas;
    const applied = this.#scale(this.#bounded(proposed));
    return { policy, current, proposed, applied, clipped: applied !== proposed, held: false, reason: proposal.because };
  }

  /** What the policy's target comes to at once, where it gave one; else its own count. */
  #hold(answer: Answer, policy: PolicyIdentity, nowMs: number): Answer {
    const { held, wanted } = holdAnswer(this.#held, answer, policy, nowMs);
    this.#held = held;
    return wanted;
  }

  #apply(decision: GuardDecision): SimDecision {
    const { current, desired, proposed, policy, kind, reason } = decision;
    const before = current ?? this.#start.platform.desired;
    const applied = kind === "scale" && desired !== null ? this.#scale(desired) : before;
    const outcome =
      kind === "scale" ? ({ kind: "applied", replicas: applied } as const) : ({ kind: "not-sent" } as const);
    this.#guard = withApplied(this.#guard, decision, outcome, this.#settings).state;
    const clipped = policy !== FLOOR_POLICY && proposed !== null && Math.ceil(proposed) !== applied;
    return { policy, current: before, proposed, applied, clipped, held: kind === "hold", reason };
  }

  #scale(desired: number): number {
    const { platform } = this.#start;
    const before = platform.desired;
    const applied = platform.scale(desired);
    this.churn += Math.abs(applied - before);
    return applied;
  }

  #bounded(proposed: number): number {
    const { minReplicas, maxReplicas } = this.#start.managed;
    if (!Number.isFinite(proposed)) return this.#start.platform.desired;
    return Math.min(maxReplicas, Math.max(minReplicas, Math.ceil(proposed)));
  }
}
