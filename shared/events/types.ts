/** The events: CloudEvents 1.0 whose data are words of the domain. */
import type { ControlMemory } from "../core/control-memory.ts";
import type { Applied } from "../core/decision.ts";
import type { LoadReport } from "../core/load.ts";
import type { ManagedFunction } from "../core/managed-function.ts";
import type { ModelNews } from "../core/model.ts";
import type { Proposal } from "../core/proposal.ts";
import type { MetricsWindow, Tick } from "../core/window.ts";
import type { EventKind } from "./subjects.ts";

/** A closed window, and the function it belongs to as its annotations describe it. */
export interface WindowClosed {
  readonly managed: ManagedFunction;
  readonly window: MetricsWindow;
  /** Up to 64 windows before it, oldest first, as they came: `readHistory` reads them for the few who need them. */
  readonly history: readonly unknown[];
  /** The state of the function's fast controller at its last decision: a new scaler goes on from there. Absent in older events. */
  readonly control?: ControlMemory | undefined;
}

/** A tick and the function it belongs to. */
export interface TickTaken {
  readonly managed: ManagedFunction;
  readonly tick: Tick;
}

/** A proposal and the window that it answers, so that the guard needs no join to act. */
export interface ProposalMade {
  readonly managed: ManagedFunction;
  readonly proposal: Proposal;
  readonly window: MetricsWindow;
}

/** The data of an event by its kind. */
export interface EventData {
  readonly tick: TickTaken;
  readonly window: WindowClosed;
  readonly proposal: ProposalMade;
  readonly applied: Applied;
  readonly model: ModelNews;
  readonly load: LoadReport;
}

/** `id` is derived (`<function>@<ms>/<kind>`): it is the message id by which duplicates fall away. */
export type ReplicantEvent<K extends EventKind = EventKind> = {
  [Kind in K]: {
    readonly specversion: "1.0";
    readonly kind: Kind;
    readonly id: string;
    readonly source: string;
    /** = the function's name. */
    readonly subject: string;
    /** Wall clock, RFC 3339. */
    readonly time: string;
    readonly datacontenttype: "application/json";
    readonly data: EventData[Kind];
  };
}[K];
