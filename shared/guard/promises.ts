/**
 * What the guard promises, checked against a record of events: windows, ticks, proposals and decisions as they were published.
 * Pure, and apart from the guard's own course: it looks at what came out.
 */
import type { Applied } from "../core/decision.ts";
import type { ManagedFunction } from "../core/managed-function.ts";
import type { Proposal } from "../core/proposal.ts";
import type { MetricsWindow, Tick } from "../core/window.ts";
import type { Check } from "./promises/case.ts";
import { neverBlindlyDown, restsOnlyIdle, withinBounds } from "./promises/counts.ts";
import { belongs, explained } from "./promises/explained.ts";
import { floorHonoured } from "./promises/floor.ts";
import { noFlapping, patientAfterRestart, withinRates } from "./promises/pace.ts";
import { FunctionRecord } from "./promises/record.ts";
import { frozenStays, onlyWhereItMay, oneWriter, othersReported } from "./promises/writers.ts";
import { GUARD_DEFAULTS, type GuardSettings } from "./settings.ts";

/** Promises about single decisions, by name. */
const CHECKS = {
  bounds: withinBounds,
  "no scale-down on missing data": neverBlindlyDown,
  "to zero only when idle": restsOnlyIdle,
  "rate limits": withinRates,
  "no flapping": noFlapping,
  "no scale-down after a restart": patientAfterRestart,
  "panic floor": floorHonoured,
  "only where it may": onlyWhereItMay,
  "one writer": oneWriter,
  "other writers reported": othersReported,
  "frozen stays": frozenStays,
  explained,
  "based on published events": belongs,
} as const satisfies Record<string, Check>;

const ONCE = "decided once";
/** The name of a promise, as reports show it. */
export type PromiseName = keyof typeof CHECKS | typeof ONCE;
/** The names of all promises. */
export const PROMISES = [...Object.keys(CHECKS), ONCE] as readonly PromiseName[];

/** What the checker reads of an event; every event of the bus has at least this. */
export type RecordedEvent =
  | { readonly kind: "tick"; readonly data: { readonly managed: ManagedFunction; readonly tick: Tick } }
  | { readonly kind: "window"; readonly data: { readonly managed: ManagedFunction; readonly window: MetricsWindow } }
  | { readonly kind: "proposal"; readonly data: { readonly proposal: Proposal } }
  | { readonly kind: "applied"; readonly data: Applied }
  | { readonly kind: "model" | "load" };

/** A promise that a decision broke, and how. */
export interface BrokenPromise {
  readonly promise: PromiseName;
  readonly decisionId: string;
  readonly sentence: string;
}

/** How a record's decisions kept the promises. */
export interface PromiseReport {
  readonly broken: readonly BrokenPromise[];
  /** How many decisions each promise had something to say about. */
  readonly checked: Readonly<Record<PromiseName, number>>;
  /** What was read, by kind; `repeated`: decisions delivered again, word for word. */
  readonly read: Readonly<Record<RecordedEvent["kind"] | "repeated", number>>;
}

/** Checks the promises on the events of a record. */
export interface PromiseChecker {
  /** Takes an event in the order of the record. */
  take(event: RecordedEvent): void;
  /** Judges all that was taken. */
  report(): PromiseReport;
}

/**
 * `settings`: those of the guard that decided. `mayHaveGaps`: the record is a subscriber's, which may have missed something while the bus
 * was away; then what is missing proves nothing, and only what is there is compared.
 */
export function promiseChecker(
  settings: GuardSettings = GUARD_DEFAULTS,
  { mayHaveGaps = false }: { readonly mayHaveGaps?: boolean } = {},
): PromiseChecker {
  const functions = new Map<string, FunctionRecord>();
  const read = { tick: 0, window: 0, proposal: 0, applied: 0, model: 0, load: 0, repeated: 0 };
  const twice: BrokenPromise[] = [];

  const recordOf = (name: string): FunctionRecord => {
    let record = functions.get(name);
    if (!record) functions.set(name, (record = new FunctionRecord()));
    return record;
  };

  return {
    take(event) {
      read[event.kind]++;
      switch (event.kind) {
        case "tick":
          return recordOf(event.data.tick.functionName).takeTick(event.data);
        case "window":
          return recordOf(event.data.window.functionName).takeWindow(event.data);
        case "proposal":
          return recordOf(event.data.proposal.functionName).takeProposal(event.data.proposal);
        case "applied": {
          const taken = recordOf(event.data.functionName).takeDecision(event.data);
          if (taken === "repeated") read.repeated++;
          if (taken !== "other") return;
          const sentence = "two different decisions have this id";
          return void twice.push({ promise: ONCE, decisionId: event.data.decisionId, sentence });
        }
        case "model":
        case "load":
          return;
      }
    },
    report() {
      const checked = Object.fromEntries(PROMISES.map((name) => [name, 0])) as Record<PromiseName, number>;
      const broken = [...twice];
      for (const record of functions.values()) {
        for (const one of record.cases(settings, !mayHaveGaps)) {
          checked[ONCE]++;
          for (const [name, check] of Object.entries(CHECKS)) {
            const verdict = check(one);
            if (verdict === "not-asked") continue;
            const promise = name as PromiseName;
            checked[promise]++;
            if (verdict !== null) {
              broken.push({ promise, decisionId: one.decision.decisionId, sentence: verdict.broken });
            }
          }
        }
      }
      return { broken, checked, read: { ...read } };
    },
  };
}
