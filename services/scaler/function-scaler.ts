/** The scaler's work for one function: takes its windows, proposals and ticks, lets the guard decide, applies, reads back. */
import type { ControlMemory } from "#shared/core/control-memory.ts";
import { holdAnswer, memoryOf, restoreHeld, tickHeld, type Answer, type Held } from "#shared/guard/control/held.ts";
import type { Applied } from "#shared/core/decision.ts";
import { messageOf } from "#shared/core/errors.ts";
import {
  chooseTrigger,
  decide,
  glance,
  glanceHeld,
  onHeldTick,
  onTick,
  startGuard,
  withApplied,
  type GuardDecision,
  type GuardSettings,
  type GuardState,
  type TickInput,
} from "#shared/guard/guard.ts";
import { withinPlatform, type ManagedFunction } from "#shared/core/managed-function.ts";
import {
  learnLimits,
  limitsAt,
  reportedLimits,
  withoutBeyond,
  type LearnedLimits,
  type PlatformLimits,
  type ReadBack,
} from "#shared/core/platform-limits.ts";
import type { PolicyAnswer, PolicyInput, ScalingPolicy } from "#shared/core/policy.ts";
import type { PolicyIdentity } from "#shared/core/proposal.ts";
import { isDecidable, type MetricsWindow } from "#shared/core/window.ts";
import type { ProposalMade, TickTaken } from "#shared/events/types.ts";
import type { Lease } from "#shared/ports/lease.ts";
import type { ScaleTarget } from "#shared/ports/scale-target.ts";
import type { PublishedWindow } from "./published-windows.ts";

/** In mode `canary` the policy decides one window in so many; the fallback rule the others. */
const CANARY_EVERY_WINDOWS = 4;

/** What the scaler of one function needs. */
export interface FunctionScalerDeps {
  readonly target: ScaleTarget;
  /** The rule that decides when no proposal came for two windows; shown every window, so that it is never cold. */
  readonly fallback: ScalingPolicy;
  readonly settings: GuardSettings;
  /** Only its holder acts, and reports what it decided: two decisions on one window would have the same id. */
  readonly lease: Pick<Lease, "isHeld" | "fencing" | "actWithinMs">;
  /** The lease's clock. */
  readonly monotonicNowMs: () => number;
  /** Why an operator wants it not to be scaled; null while it may be. */
  readonly frozen?: (functionName: string) => string | null;
  /** Called with every decision, applied or held. */
  readonly report: (applied: Applied) => Promise<void>;
  /** The state of the function's fast controller before this one began; undefined where it is not known. */
  readonly restored?: ControlMemory | undefined;
  /** Called with the reason when the platform did not do as requested. */
  readonly complain: (problem: string) => void;
}

/** What a decision is based on: a policy's answer, and how it came to be the one. */
interface Basis {
  readonly policy: PolicyIdentity;
  readonly answer: Answer | null;
  readonly trigger: "proposal" | "fallback";
}

/** Decides and applies the replica count of one function, one event after another. */
export class FunctionScaler {
  #guard: GuardState | null = null;
  /** The policy's target and the fast controller that holds it; null where the policy decides counts. */
  #held: Held | null;
  #limits: LearnedLimits | null = null;
  #firstWindowSeq: number | null = null;
  #lastProposalSeq: number | null = null;
  #lastWindowEndMs = -Infinity;
  #lastDecidedEndMs = -Infinity;
  #lastFallback: { readonly endedAtMs: number; readonly answer: PolicyAnswer | null } | null = null;
  #last: Applied | null = null;

  constructor(readonly deps: FunctionScalerDeps) {
    this.#held = deps.restored === undefined ? null : restoreHeld(deps.restored);
  }

  /** For whoever goes on after this one. */
  get control(): ControlMemory | undefined {
    return this.#held === null ? undefined : memoryOf(this.#held);
  }

  /** The last decision, for the status. */
  get last(): Applied | null {
    return this.#last;
  }

  async onWindow({ managed, window, control }: PublishedWindow): Promise<void> {
    if (window.endedAtMs <= this.#lastWindowEndMs) return;
    if (this.#held === null && this.#last === null && control !== undefined) this.#held = restoreHeld(control);
    this.#lastWindowEndMs = window.endedAtMs;
    this.#firstWindowSeq ??= window.seq;
    const choice = chooseTrigger(
      { windowSeq: window.seq, lastProposalSeq: this.#lastProposalSeq, firstWindowSeq: this.#firstWindowSeq },
      this.deps.settings,
    );
    const basis = this.#fallbackBasis(managed, window, control?.target.memory);
    if (choice === "fallback") await this.#decideOn(managed, window, basis);
  }

  async onProposal({ managed, proposal, window }: ProposalMade): Promise<void> {
    // Remembered even when the fallback rule was quicker: the next window then waits for its proposal again.
    this.#lastProposalSeq = proposal.seq;
    if (window.endedAtMs <= this.#lastDecidedEndMs) return;
    const ruled = proposal.isAdvice === true || (managed.mode === "canary" && window.seq % CANARY_EVERY_WINDOWS !== 0);
    const basis: Basis = ruled
      ? this.#fallbackBasis(managed, window)
      : { policy: proposal.policy, answer: proposal, trigger: "proposal" };
    await this.#decideOn(managed, window, basis);
  }

  async onTick({ managed, tick }: TickTaken): Promise<void> {
    const { settings } = this.deps;
    const before = (this.#guard ??= startGuard(tick.atMs));
    // Reported limits bound no floor: in-flight invocations prove a need, and one request shows what the platform gives.
    const platform = () => limitsAt(this.#limits, tick.atMs, "floor");
    const seen = { managed, tick, frozen: this.#frozen(managed) };
    if (this.#held !== null) return this.#onHeldTick(before, seen, tickHeld(this.#held, tick));
    const { isWorthReading, state: unread } = glance(before, { ...seen, platform: platform() }, settings);
    if (!isWorthReading) {
      this.#guard = unread;
      return;
    }
    const current = await this.#read(managed);
    const { decision, state } = onTick(before, { ...seen, platform: platform(), current }, settings);
    this.#guard = state;
    if (decision !== null) await this.#apply(managed, decision, state);
  }

  async #onHeldTick(
    before: GuardState,
    seen: Omit<TickInput, "current">,
    { held, wanted }: ReturnType<typeof tickHeld>,
  ): Promise<void> {
    const { settings } = this.deps;
    this.#held = held;
    const { managed, tick } = seen;
    const input = () => ({ ...seen, wanted, policy: held.policy, platform: this.#platform(managed, tick.atMs) });
    const { isWorthReading, state: unread } = glanceHeld(before, input(), settings);
    // Where nothing is applied, the count never gets there: one report is enough.
    const isReported = !acts(managed) && wanted?.proposedReplicas === this.#last?.desired;
    if (!isWorthReading || isReported) {
      this.#guard = unread;
      return;
    }
    const current = await this.#read(managed);
    const { decision, state } = onHeldTick(before, { ...input(), current }, settings);
    this.#guard = state;
    if (decision !== null) await this.#apply(managed, decision, state);
  }

  /** The limits met here, else those that the collector reports from before this scaler started. */
  #platform(managed: ManagedFunction, nowMs: number): PlatformLimits | null {
    return this.#limits === null ? (managed.platform ?? null) : limitsAt(this.#limits, nowMs);
  }

  #frozen({ functionName }: ManagedFunction): string | null {
    return this.deps.frozen?.(functionName) ?? null;
  }

  #fallbackBasis(managed: ManagedFunction, window: MetricsWindow, memory?: PolicyInput["memory"]): Basis {
    if (this.#lastFallback?.endedAtMs !== window.endedAtMs) {
      const answer = isDecidable(window)
        ? this.deps.fallback.propose({
            ...{ window, managed: withinPlatform(managed), nowMs: window.endedAtMs },
            memory: this.#lastFallback === null ? memory : undefined,
          })
        : null;
      this.#lastFallback = { endedAtMs: window.endedAtMs, answer };
    }
    return { policy: this.deps.fallback.identity, answer: this.#lastFallback.answer, trigger: "fallback" };
  }

  async #decideOn(managed: ManagedFunction, window: MetricsWindow, basis: Basis): Promise<void> {
    this.#lastDecidedEndMs = window.endedAtMs;
    const nowMs = window.endedAtMs;
    const before = (this.#guard ??= startGuard(nowMs));
    const current = await this.#read(managed);
    const taken = basis.answer && holdAnswer(this.#held, basis.answer, basis.policy, nowMs);
    if (taken !== null) this.#held = taken.held;
    const { decision, state } = decide(
      before,
      {
        managed,
        window,
        nowMs,
        current,
        trigger: basis.trigger,
        policy: basis.policy,
        proposal: taken?.wanted ?? null,
        platform: this.#platform(managed, nowMs),
        frozen: this.#frozen(managed),
        guard: this.#held === null ? 1 : 2,
      },
      this.deps.settings,
    );
    await this.#apply(managed, decision, state);
  }

  async #apply(managed: ManagedFunction, decision: GuardDecision, state: GuardState): Promise<void> {
    const { lease, monotonicNowMs } = this.deps;
    // Nothing may come between this look and the call: a process that was paused in the meantime must not act on old rights.
    if (!lease.isHeld(monotonicNowMs())) return;
    const { fencing } = lease;
    // Frozen in this very moment: the decision remains, and is not sent.
    const sent = decision.kind === "scale" && acts(managed) && this.#frozen(managed) === null;
    const outcome = sent ? await this.#scale(managed, decision, fencing) : ({ kind: "not-sent" } as const);
    const done = withApplied(state, decision, outcome, this.deps.settings);
    this.#guard = done.state;
    if (outcome.kind === "applied") this.#learn(managed, { ...decision, applied: outcome.replicas });
    const { kind: _kind, foreignChange: _foreign, ...decided } = done.decision;
    const target = sent ? this.deps.target.name : "none";
    const previousId = this.#last?.decisionId ?? null;
    const head = { ...decided, mode: managed.mode, target, fencing, guardSinceMs: state.startedAtMs, previousId };
    this.#last = { ...head, ...(this.#held && { control: memoryOf(this.#held) }) };
    await this.deps.report(this.#last);
  }

  /** What this scaler knows of the platform's limits before the collector reports it. */
  #learn({ platform }: ManagedFunction, readBack: ReadBack): void {
    const { desired, applied, atMs } = readBack;
    this.#limits = learnLimits(
      this.#limits ?? (applied === desired ? null : reportedLimits(platform ?? null, atMs)),
      readBack,
    );
  }

  async #read({ functionName, namespace }: ManagedFunction): Promise<number | null> {
    try {
      const { desiredReplicas } = await this.deps.target.read(functionName, namespace);
      this.#limits = withoutBeyond(this.#limits, desiredReplicas);
      return desiredReplicas;
    } catch (thrown) {
      // Unknown or unanswered: the guard holds, and says so in the decision.
      this.deps.complain(messageOf(thrown));
      return null;
    }
  }

  async #scale(
    { functionName, namespace }: ManagedFunction,
    { current, desired }: GuardDecision,
    fencing: number | null,
  ) {
    try {
      const signal = AbortSignal.timeout(this.deps.lease.actWithinMs);
      const authority = { fencing, signal, expected: current ?? undefined };
      const { appliedReplicas } = await this.deps.target.scale(functionName, namespace, desired!, authority);
      return { kind: "applied", replicas: appliedReplicas } as const;
    } catch (thrown) {
      const because = messageOf(thrown);
      this.deps.complain(because);
      return { kind: "unanswered", because } as const;
    }
  }
}

function acts({ mode }: ManagedFunction): boolean {
  return mode === "auto" || mode === "canary";
}
