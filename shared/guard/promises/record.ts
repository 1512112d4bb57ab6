/** What a record holds of one function, found again by what was decided on. */
import type { Applied } from "../../core/decision.ts";
import type { ManagedFunction } from "../../core/managed-function.ts";
import { decisionIdOf, type Proposal } from "../../core/proposal.ts";
import type { MetricsWindow, Tick } from "../../core/window.ts";
import type { GuardSettings } from "../settings.ts";
import type { Case } from "./case.ts";

interface Recorded<T> {
  /** Index of the description of the function that it came with. */
  readonly at: number;
  readonly what: T;
}

/** A change of annotations reaches the parts at different moments, no further apart than this. */
const SETTLES_MS = 60_000;

/** The events of one function, collected in the order of the record. */
export class FunctionRecord {
  /** As reported with windows and ticks, in order; only changes are kept. */
  readonly #managed: { readonly managed: ManagedFunction; readonly sinceMs: number }[] = [];
  readonly #windows = new Map<string, Recorded<MetricsWindow>>();
  readonly #ticks = new Map<string, Recorded<Tick>>();
  readonly #proposals = new Map<string, Proposal[]>();
  readonly #decisions = new Map<string, Applied>();
  #proposalsSeen = false;

  /** Takes a window; a second one of the same id is ignored. */
  takeWindow({ managed, window }: { readonly managed: ManagedFunction; readonly window: MetricsWindow }): void {
    const id = decisionIdOf(window.functionName, window.endedAtMs, window.generation);
    if (!this.#windows.has(id)) this.#windows.set(id, { at: this.#note(managed, window.endedAtMs), what: window });
  }

  /** Takes a tick; a second one of the same id is ignored. */
  takeTick({ managed, tick }: { readonly managed: ManagedFunction; readonly tick: Tick }): void {
    const id = decisionIdOf(tick.functionName, tick.atMs, tick.generation);
    if (!this.#ticks.has(id)) this.#ticks.set(id, { at: this.#note(managed, tick.atMs), what: tick });
  }

  /** Takes a proposal; several for one decision are all kept. */
  takeProposal(proposal: Proposal): void {
    this.#proposalsSeen = true;
    const made = this.#proposals.get(proposal.decisionId);
    if (made) made.push(proposal);
    else this.#proposals.set(proposal.decisionId, [proposal]);
  }

  /** Takes a decision; `other`: it has the id of an earlier one, and says something else. */
  takeDecision(decision: Applied): "new" | "repeated" | "other" {
    const known = this.#decisions.get(decision.decisionId);
    if (known === undefined) {
      this.#decisions.set(decision.decisionId, decision);
      return "new";
    }
    return JSON.stringify(known) === JSON.stringify(decision) ? "repeated" : "other";
  }

  /** Each decision with its surroundings, in the order of the record. `isWhole`: what is not in it never was. */
  *cases(settings: GuardSettings, isWhole: boolean): Generator<Case> {
    const decisions = [...this.#decisions.values()];
    const ticksOf = new Map<string, Tick[]>();
    for (const { what } of this.#ticks.values()) {
      const ticks = ticksOf.get(what.generation);
      if (ticks) ticks.push(what);
      else ticksOf.set(what.generation, [what]);
    }
    for (const ticks of ticksOf.values()) ticks.sort((a, b) => a.atMs - b.atMs);
    const firstMsOf = new Map<string, number>();
    for (const { what } of this.#windows.values()) {
      const { generation, endedAtMs } = what;
      firstMsOf.set(generation, Math.min(endedAtMs, firstMsOf.get(generation) ?? Infinity));
    }
    for (const [index, decision] of decisions.entries()) {
      const { seq, decisionId, atMs, generation } = decision;
      const ticks = ticksOf.get(generation) ?? [];
      const window = seq === null ? undefined : this.#windows.get(decisionId);
      const tick = seq === null ? this.#ticks.get(decisionId.replace(BETWEEN_WINDOWS, "")) : undefined;
      const subject = window ?? tick;
      yield {
        decision,
        earlier: decisions.slice(Math.max(0, index - MAX_EARLIER), index),
        managed: subject === undefined ? [] : this.#around(subject.at, atMs),
        window: window?.what ?? null,
        tick: tick?.what ?? null,
        ticks,
        proposals: this.#proposals.get(decisionId) ?? (this.#proposalsSeen && isWhole ? [] : null),
        covered: isWhole && atMs > ((seq === null ? ticks[0]?.atMs : firstMsOf.get(generation)) ?? Infinity),
        settings,
      };
    }
  }

  /** Index of this description of the function among those reported so far; adds it where it is new. */
  #note(managed: ManagedFunction, sinceMs: number): number {
    const last = this.#managed.at(-1)?.managed;
    if (last === undefined || JSON.stringify(last) !== JSON.stringify(managed))
      this.#managed.push({ managed, sinceMs });
    return this.#managed.length - 1;
  }

  /** That description, and its neighbours where the change between them was just then. */
  #around(at: number, nowMs: number): ManagedFunction[] {
    const own = this.#managed[at]!;
    const [before, after] = [this.#managed[at - 1], this.#managed[at + 1]];
    return [
      ...(before !== undefined && nowMs - own.sinceMs <= SETTLES_MS ? [before.managed] : []),
      own.managed,
      ...(after !== undefined && after.sinceMs - nowMs <= SETTLES_MS ? [after.managed] : []),
    ];
  }
}

/** What a decision on a tick has behind the tick's id: the floor's, or a held target's. */
const BETWEEN_WINDOWS = /\/(floor|tick)$/;
/** More than any span of the guard's settings holds. */
const MAX_EARLIER = 256;
