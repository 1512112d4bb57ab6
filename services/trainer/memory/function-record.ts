/** What the trainer knows of one function: its last windows, what there is to learn from, and how its model does. */
import { driftOf, type Drift } from "#shared/rl/drift.ts";
import type { NormalisationStatistics } from "#shared/rl/normalisation.ts";
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import { NO_TRIAL, type Estimate, type Trial } from "#shared/core/model-lifecycle.ts";
import type { Transition } from "#shared/core/transition.ts";
import type { MetricsWindow } from "#shared/core/window.ts";
import type { HistoryEntry, Learned } from "./entries.ts";
import { Timeline } from "./timeline.ts";

/** Eight hours: the recorded load that candidates are judged on. */
const MAX_WINDOWS = 960;
/** More than any rollout: where no training runs, the oldest are dropped. */
const MAX_TRANSITIONS = 4_096;
const MAX_HISTORY = 200;

/** The record of one function, filled in the order of the log. */
export class FunctionRecord {
  managed: ManagedFunction | null = null;
  trial: Trial = NO_TRIAL;
  estimate: Estimate | null = null;
  /** Windows since the last training ended; null before the first one. */
  windowsSinceTraining: number | null = null;
  /** Reported once, until the model changes. */
  driftReported = false;
  readonly #timeline = new Timeline();
  #windows: MetricsWindow[] = [];
  /** Windows of the present streak, and the number of the last one as received. */
  #streak = 0;
  #lastSeq = 0;
  #transitions: Transition[] = [];
  #history: HistoryEntry[] = [];
  /** By generation: up to here was learned from. */
  readonly #learnedThroughMs = new Map<string, number>();
  #learned = 0;

  constructor(readonly functionName: string) {}

  /** In their order, numbered without the gaps between streaks: what lies between cannot be known. */
  get windows(): readonly MetricsWindow[] {
    return this.#windows;
  }

  /** Those that followed each other up to now: a model is judged by nothing else. */
  get streak(): readonly MetricsWindow[] {
    return this.#streak === 0 ? [] : this.#windows.slice(-this.#streak);
  }

  knows(window: MetricsWindow): boolean {
    return this.#timeline.knows(window);
  }

  /** Windows that fitted nowhere. */
  get implausible(): number {
    return this.#timeline.implausible;
  }

  /** Not yet learned from, in their order. */
  get transitions(): readonly Transition[] {
    return this.#transitions;
  }

  get history(): readonly HistoryEntry[] {
    return this.#history;
  }

  /** Transitions that ended up in a candidate. */
  get learned(): number {
    return this.#learned;
  }

  /** The newest window's. */
  get generation(): string {
    return generationOf(this.#windows.at(-1));
  }

  addWindow(managed: ManagedFunction, window: MetricsWindow): void {
    for (const { window: accepted, begins } of this.#timeline.accept(window)) {
      this.managed = managed;
      if (begins) this.judgeAnew();
      const before = this.#windows.at(-1)?.seq;
      const steps = begins ? 1 : accepted.seq - this.#lastSeq;
      this.#lastSeq = accepted.seq;
      this.#windows.push(before === undefined ? accepted : { ...accepted, seq: before + steps });
      this.#streak++;
      if (this.#windows.length > MAX_WINDOWS) this.#windows.shift();
      if (this.windowsSinceTraining !== null) this.windowsSinceTraining++;
    }
  }

  addTransition(transition: Transition): void {
    if (this.#isLearned(transition)) return;
    this.#transitions.push(transition);
    this.#transitions.sort((a, b) => a.window.endedAtMs - b.window.endedAtMs);
    if (this.#transitions.length > MAX_TRANSITIONS) this.#transitions.shift();
  }

  addLearned({ throughMs, generations = { "": throughMs }, transitions }: Learned): void {
    for (const [generation, lastMs] of Object.entries(generations)) {
      this.#learnedThroughMs.set(generation, Math.max(this.#learnedThroughMs.get(generation) ?? -Infinity, lastMs));
    }
    this.#learned += transitions;
    this.#transitions = this.#transitions.filter((transition) => !this.#isLearned(transition));
  }

  #isLearned({ window }: Transition): boolean {
    return window.endedAtMs <= (this.#learnedThroughMs.get(generationOf(window)) ?? -Infinity);
  }

  addHistory(entry: HistoryEntry): void {
    this.#history = [...this.#history, entry].slice(-MAX_HISTORY);
  }

  /** Of what the model itself saw; another version's observations may be of another layout. */
  driftFrom(statistics: NormalisationStatistics | null, layout: string): Drift | null {
    const seen = this.#transitions.flatMap(({ proposal: { learned } }) =>
      learned?.layout === layout ? [learned.observation] : [],
    );
    return driftOf(seen, statistics);
  }

  /** Forgets everything that was counted before. */
  judgeAnew(): void {
    this.#streak = 0;
    this.trial = NO_TRIAL;
    this.estimate = null;
  }

  /** Another model serves: what was counted for the one before no longer counts. */
  begin(): void {
    this.trial = NO_TRIAL;
    this.estimate = null;
    this.driftReported = false;
  }
}

/** What the log keeps of a training: up to where the transitions of each generation went. */
export function learnedFrom(functionName: string, transitions: readonly Transition[]): Learned {
  const last = new Map<string, number>();
  for (const { window } of transitions) {
    const generation = generationOf(window);
    last.set(generation, Math.max(last.get(generation) ?? -Infinity, window.endedAtMs));
  }
  const [fromMs, throughMs] = [transitions[0]!.window.endedAtMs, transitions.at(-1)!.window.endedAtMs];
  const generations = Object.fromEntries(last);
  return { functionName, fromMs, throughMs, generations, transitions: transitions.length };
}

/** Lines of the log may be from before there were generations. */
function generationOf(window: MetricsWindow | undefined): string {
  return window?.generation ?? "";
}
