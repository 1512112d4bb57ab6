/** Windows, proposals and decisions, in whatever order they come, become transitions: what was seen, done, and what came of it. */
import type { Applied } from "../core/decision.ts";
import type { ManagedFunction } from "../core/managed-function.ts";
import { decisionIdOf, type Proposal } from "../core/proposal.ts";
import type { Fact, Transition } from "../core/transition.ts";
import type { MetricsWindow } from "../core/window.ts";

/** How many transitions were joined, and what was left out. */
export interface JoinCounts {
  readonly joined: number;
  /** Received before; ignored. */
  readonly duplicates: number;
  /** Came after its window was given up. */
  readonly late: number;
  /** Windows given up because something of them never came. */
  readonly incomplete: number;
}

/**
 * So many windows of a function are waited for. After an outage one subject may be far ahead of another, so the wait is long;
 * in ordinary times a window is whole when the next one comes.
 */
export const WAIT_WINDOWS = 128;
/** Generations of a function that are waited for at the same time; what is older is over. */
const MAX_GENERATIONS = 4;

interface Pending {
  readonly endedAtMs: number;
  managed: ManagedFunction | null;
  window: MetricsWindow | null;
  proposal: Proposal | null;
  applied: Applied | null;
  isJoined: boolean;
}

/** What was received about one function in one generation: instants and numbers compare only within it. */
interface OfGeneration {
  readonly generation: string;
  /** By decision id, in the order in which they were first seen. */
  readonly pending: Map<string, Pending>;
  /** Instants of decisions on ticks. */
  tickDecisions: number[];
  /** What ended at or before this was given up. */
  givenUpMs: number;
}

/** Same facts in the same order, same transitions: a log of facts read again rebuilds it. */
export class TransitionJoiner {
  readonly #functions = new Map<string, readonly OfGeneration[]>();
  #joined = 0;
  #duplicates = 0;
  #late = 0;
  #incomplete = 0;

  get counts(): JoinCounts {
    return { joined: this.#joined, duplicates: this.#duplicates, late: this.#late, incomplete: this.#incomplete };
  }

  /** Whether the fact would add anything new. */
  isNew(fact: Fact): boolean {
    const { functionName, generation, endedAtMs } = placeOf(fact);
    const known = this.#functions.get(functionName)?.find((one) => one.generation === generation);
    if (!known) return true;
    if (endedAtMs === null) return !known.tickDecisions.includes(tickAtMs(fact));
    const id = decisionIdOf(functionName, endedAtMs, generation);
    return endedAtMs > known.givenUpMs && !has(known.pending.get(id), fact);
  }

  /** The transitions that the fact completes: none, one, or two where it is a window between two. */
  take(fact: Fact): readonly Transition[] {
    const { functionName, generation, endedAtMs } = placeOf(fact);
    const of = this.#of(functionName, generation);
    if (endedAtMs === null) {
      this.#takeTickDecision(of, tickAtMs(fact));
      return [];
    }
    if (endedAtMs <= of.givenUpMs) {
      this.#late++;
      return [];
    }
    const id = decisionIdOf(functionName, endedAtMs, generation);
    const pending = of.pending.get(id) ?? empty(endedAtMs);
    if (has(pending, fact)) {
      this.#duplicates++;
      return [];
    }
    put(pending, fact);
    of.pending.set(id, pending);
    const joined = this.#joinAround(functionName, of, pending);
    this.#giveUpOld(of);
    return joined;
  }

  #of(functionName: string, generation: string): OfGeneration {
    const known = this.#functions.get(functionName) ?? [];
    const found = known.find((one) => one.generation === generation);
    if (found) return found;
    const of: OfGeneration = { generation, pending: new Map(), tickDecisions: [], givenUpMs: -Infinity };
    const all = [...known, of];
    for (const { pending } of all.slice(0, -MAX_GENERATIONS)) {
      for (const { isJoined } of pending.values()) if (!isJoined) this.#incomplete++;
    }
    this.#functions.set(functionName, all.slice(-MAX_GENERATIONS));
    return of;
  }

  #takeTickDecision(of: OfGeneration, atMs: number): void {
    if (of.tickDecisions.includes(atMs)) this.#duplicates++;
    else of.tickDecisions = [...of.tickDecisions, atMs].slice(-WAIT_WINDOWS);
  }

  /** A fact completes its own window's transition, or, being a window, that of the one before. */
  #joinAround(functionName: string, of: OfGeneration, { endedAtMs, window }: Pending): Transition[] {
    const own = this.#join(functionName, of, endedAtMs);
    const before = window && this.#join(functionName, of, endedAtMs - window.windowSeconds * 1_000);
    return [before, own].filter((transition) => transition !== null);
  }

  #join(functionName: string, of: OfGeneration, endedAtMs: number): Transition | null {
    const decisionId = decisionIdOf(functionName, endedAtMs, of.generation);
    const pending = of.pending.get(decisionId);
    if (!pending || pending.isJoined) return null;
    const { managed, window, proposal, applied } = pending;
    if (managed === null || window === null || proposal === null || applied === null) return null;
    const nextEndMs = endedAtMs + window.windowSeconds * 1_000;
    const next = of.pending.get(decisionIdOf(functionName, nextEndMs, of.generation))?.window ?? null;
    if (next === null || next.seq !== window.seq + 1) return null;
    pending.isJoined = true;
    this.#joined++;
    const tickDecisions = of.tickDecisions.filter((atMs) => atMs > endedAtMs && atMs <= nextEndMs).length;
    return { decisionId, managed, window, proposal, applied, next, tickDecisions };
  }

  #giveUpOld(of: OfGeneration): void {
    while (of.pending.size > WAIT_WINDOWS) {
      let oldest: [string, Pending] | null = null;
      for (const entry of of.pending) if (oldest === null || entry[1].endedAtMs < oldest[1].endedAtMs) oldest = entry;
      const [id, { endedAtMs, isJoined }] = oldest!;
      of.pending.delete(id);
      of.givenUpMs = Math.max(of.givenUpMs, endedAtMs);
      if (!isJoined) this.#incomplete++;
    }
  }
}

interface Place {
  readonly functionName: string;
  readonly generation: string;
  /** Null for what was decided between windows. */
  readonly endedAtMs: number | null;
}

function placeOf(fact: Fact): Place {
  switch (fact.kind) {
    case "window":
      return placed(fact.window, fact.window.endedAtMs);
    case "proposal":
      return placed(fact.proposal, fact.proposal.endedAtMs);
    case "applied":
      return placed(fact.applied, fact.applied.seq === null ? null : fact.applied.atMs);
  }
}

/** Lines of a log may be from before there were generations. */
function placed(
  { functionName, generation }: { readonly functionName: string; readonly generation?: string },
  endedAtMs: number | null,
): Place {
  return { functionName, generation: generation ?? "", endedAtMs };
}

/** Of which function and when, whatever kind it is. */
export function datesOf(fact: Fact): {
  readonly functionName: string;
  readonly generation: string;
  readonly atMs: number;
} {
  const { functionName, generation, endedAtMs } = placeOf(fact);
  return { functionName, generation, atMs: endedAtMs ?? tickAtMs(fact) };
}

/** The same for the same fact, however often it is reported. */
export function factKey(fact: Fact): string {
  const { functionName, generation, endedAtMs } = placeOf(fact);
  return JSON.stringify([fact.kind, functionName, generation, endedAtMs, endedAtMs ?? tickAtMs(fact)]);
}

/** Decisions between windows are made on a tick. */
function tickAtMs(fact: Fact): number {
  return fact.kind === "applied" ? fact.applied.atMs : NaN;
}

function empty(endedAtMs: number): Pending {
  return { endedAtMs, managed: null, window: null, proposal: null, applied: null, isJoined: false };
}

function has(pending: Pending | undefined, { kind }: Fact): boolean {
  return pending !== undefined && pending[kind] !== null;
}

function put(pending: Pending, fact: Fact): void {
  if (fact.kind === "window") {
    pending.window = fact.window;
    pending.managed = fact.managed;
  } else if (fact.kind === "proposal") pending.proposal = fact.proposal;
  else pending.applied = fact.applied;
}
