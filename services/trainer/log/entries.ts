/** The lines of the trainer's log: facts as they were heard, and what the trainer itself did. */
import type { ModelAction } from "#shared/core/model.ts";
import type { Fact } from "#shared/core/transitions.ts";

/** What happened to a function's model, for people. */
export interface HistoryEntry {
  readonly functionName: string;
  /** Trace time. */
  readonly atMs: number;
  readonly action: ModelAction | "training" | "failed";
  readonly reason: string;
}

/** Transitions that ended up in a candidate; those up to here are not learned from again. */
export interface Learned {
  readonly functionName: string;
  readonly fromMs: number;
  readonly throughMs: number;
  /** The same by the collector's generation; missing in lines from before there were any. */
  readonly generations?: Readonly<Record<string, number>>;
  readonly transitions: number;
}

export type LogEntry =
  | Fact
  | { readonly kind: "learned"; readonly learned: Learned }
  | { readonly kind: "history"; readonly entry: HistoryEntry };

const KINDS: readonly LogEntry["kind"][] = ["window", "proposal", "applied", "learned", "history"];

/** The log is our own; what is no entry of ours (another version's) is passed over. */
export function isEntry(line: unknown): line is LogEntry {
  return typeof line === "object" && line !== null && KINDS.some((kind) => (line as LogEntry).kind === kind);
}
