/** What the trainer knows of one function: its last windows, what there is to learn from, and how its model stands. */
import { driftOf, type Drift } from "#shared/core/drift.ts";
import type { NormalisationStatistics } from "#shared/core/environment.ts";
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import { NO_TRIAL, type Estimate, type Trial } from "#shared/core/model-lifecycle.ts";
import type { Transition } from "#shared/core/transitions.ts";
import type { MetricsWindow } from "#shared/core/window.ts";
import type { HistoryEntry, Learned } from "./log/entries.ts";

/** Eight hours: the recorded load that candidates are judged on. */
const MOST_WINDOWS = 960;
/** More than any rollout: where nobody trains, the oldest give way. */
const MOST_TRANSITIONS = 4_096;
const MOST_HISTORY = 200;

export class FunctionRecord {
  managed: ManagedFunction | null = null;
  trial: Trial = NO_TRIAL;
  estimate: Estimate | null = null;
  /** Windows since the last training ended; null before the first one. */
  windowsSinceTraining: number | null = null;
  /** Told once, until the model changes. */
  driftTold = false;
  #windows: MetricsWindow[] = [];
  #transitions: Transition[] = [];
  #history: HistoryEntry[] = [];
  /** By generation: up to here was learned from. */
  readonly #learnedThroughMs = new Map<string, number>();
  #learned = 0;

  constructor(readonly functionName: string) {}

  get windows(): readonly MetricsWindow[] {
    return this.#windows;
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
    const last = this.#windows.at(-1);
    const isAfter = last && window.endedAtMs > last.endedAtMs;
    if (last && !isAfter && generationOf(window) === generationOf(last)) return;
    // Counted or dated anew, or after a gap longer than what is kept: what lies between cannot be told.
    const step = last && window.seq - last.seq;
    if (last && (!isAfter || step! <= 0 || step! > MOST_WINDOWS)) this.#windows = [];
    this.managed = managed;
    this.#windows.push(window);
    if (this.#windows.length > MOST_WINDOWS) this.#windows.shift();
    if (this.windowsSinceTraining !== null) this.windowsSinceTraining++;
  }

  addTransition(transition: Transition): void {
    if (this.#isLearned(transition)) return;
    this.#transitions.push(transition);
    this.#transitions.sort((a, b) => a.window.endedAtMs - b.window.endedAtMs);
    if (this.#transitions.length > MOST_TRANSITIONS) this.#transitions.shift();
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
    this.#history = [...this.#history, entry].slice(-MOST_HISTORY);
  }

  /** Of what the model itself saw; another version's observations may be of another layout. */
  driftFrom(statistics: NormalisationStatistics | null, layout: string): Drift | null {
    const seen = this.#transitions.flatMap(({ proposal: { learned } }) =>
      learned?.layout === layout ? [learned.observation] : [],
    );
    return driftOf(seen, statistics);
  }

  /** Another model stands: what was counted of the one before says nothing. */
  begin(): void {
    this.trial = NO_TRIAL;
    this.estimate = null;
    this.driftTold = false;
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
