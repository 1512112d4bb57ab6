/** The lines of the segment log: facts as they were received, what the trainer itself did, and what it was ordered to do. */
import { readControlFields } from "#shared/adapters/model-registry/control-text.ts";
import { MODES, type Mode } from "#shared/core/managed-function.ts";
import { MODEL_ACTIONS, type ModelAction, type ModelControl } from "#shared/core/model.ts";
import type { Fact } from "#shared/core/transition.ts";
import { readFact } from "#shared/events/facts.ts";

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

/** A signed order. One about a function's mode is pending until the function's next control answers it. */
export type Order =
  | { readonly action: "start" | "stop" }
  | { readonly action: "mode"; readonly functionName: string; readonly mode: Mode; readonly reason: string };

/** A line of the segment log. */
export type LogEntry =
  | Fact
  | { readonly kind: "learned"; readonly learned: Learned }
  | { readonly kind: "history"; readonly entry: HistoryEntry }
  /** What a function's model may do from here on: the truth, of which the registry has a copy. */
  | { readonly kind: "control"; readonly control: ModelControl }
  | { readonly kind: "order"; readonly order: Order };

type Fields = Readonly<Record<string, unknown>>;

/** Another version's, which has kinds that this one does not know. */
export function isStrange(line: unknown): boolean {
  const kinds = ["window", "proposal", "applied", "learned", "history", "control", "order"];
  return typeof (line as Fields | null)?.["kind"] === "string" && !kinds.includes((line as Fields)["kind"] as string);
}

/** Null for what is no entry of ours: a file may hold anything, and one bad line must not keep the trainer from starting. */
export function readEntry(line: unknown): LogEntry | null {
  const fields = line as Fields | null;
  switch (fields?.["kind"]) {
    case "window":
    case "proposal":
    case "applied":
      return readFact(line);
    case "learned":
      return isLearned(fields["learned"] as Learned) ? (line as LogEntry) : null;
    case "history":
      return isHistory(fields["entry"] as HistoryEntry) ? (line as LogEntry) : null;
    case "control":
      return readControlEntry(fields["control"]);
    case "order":
      return isOrder(fields["order"] as Order) ? (line as LogEntry) : null;
    default:
      return null;
  }
}

const isInstant = (value: unknown) => Number.isFinite(value);
const isName = (value: unknown) => typeof value === "string" && value !== "";

function isLearned(learned: Learned | undefined): boolean {
  return (
    isName(learned?.functionName) &&
    [learned!.fromMs, learned!.throughMs, learned!.transitions].every(isInstant) &&
    learned!.fromMs <= learned!.throughMs
  );
}

function isHistory(entry: HistoryEntry | undefined): boolean {
  const actions: readonly string[] = [...MODEL_ACTIONS, "training", "failed"];
  return (
    isName(entry?.functionName) &&
    isInstant(entry!.atMs) &&
    actions.includes(entry!.action) &&
    typeof entry!.reason === "string"
  );
}

function readControlEntry(control: unknown): LogEntry | null {
  try {
    return { kind: "control", control: readControlFields("the log", control) };
  } catch {
    return null;
  }
}

function isOrder(order: Order | undefined): boolean {
  if (order?.action === "start" || order?.action === "stop") return true;
  if (order?.action !== "mode") return false;
  return isName(order.functionName) && MODES.includes(order.mode) && typeof order.reason === "string";
}
