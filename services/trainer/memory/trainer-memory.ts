/** What the trainer remembers, all of it rebuilt from its segment log: an entry counts once its line would survive a power cut. */
import type { ModelControl } from "#shared/core/model.ts";
import type { Fact } from "#shared/core/transition.ts";
import { datesOf, factKey, TransitionJoiner, WAIT_WINDOWS, type JoinCounts } from "#shared/task/transitions.ts";
import { FunctionRecord } from "./function-record.ts";
import { isStrange, readEntry, type HistoryEntry, type Learned, type LogEntry, type Order } from "./entries.ts";
import type { SegmentLog } from "./segment-log.ts";

/** The state of the log, for the status. */
export interface LogStatus {
  readonly segments: number;
  readonly facts: number;
  /** When it was opened: whole lines that are no JSON, or no entry that could be true. */
  readonly damaged: number;
  /** When it was opened: last lines that a crash cut off. */
  readonly cut: number;
  /** Dated where the function has no window, of a function without windows, or of one function too many; not learned from. */
  readonly implausible: number;
  /** Kinds of a later version. */
  readonly strange: number;
  readonly problem: string | null;
}

/** Names come from windows. */
const MAX_FUNCTIONS = 1_000;
/** One subject may be ahead of another: so many proposals and decisions wait for their function's first window. */
const MAX_WAITING = 128;

/** The order that sets a model's mode. */
export type ModeOrder = Extract<Order, { action: "mode" }>;

/** All facts, by function, rebuilt from the log. */
export class TrainerMemory {
  readonly records = new Map<string, FunctionRecord>();
  /** What models may do: the truth, whatever the registry says. */
  readonly controls = new Map<string, ModelControl>();
  /** Orders that wait until their function has a model. */
  readonly orders = new Map<string, ModeOrder>();
  /** The last order to start or stop training by itself; null: the setting counts. */
  isAutomatic: boolean | null = null;
  readonly #segmentLog: SegmentLog;
  readonly #joiner = new TransitionJoiner();
  readonly #taking = new Map<string, Promise<void>>();
  readonly #unwritten = new Set<string>();
  /** From windows alone: proposals could fill it with names of functions that do not exist. */
  readonly #names = new Set<string>();
  /** In memory only; the oldest are dropped first. */
  #waiting: readonly Fact[] = [];
  #facts = 0;
  #implausible = 0;
  #damaged: number;
  #strange = 0;

  constructor(segmentLog: SegmentLog) {
    this.#segmentLog = segmentLog;
    this.#damaged = segmentLog.losses.reduce((sum, { damagedLines }) => sum + damagedLines, 0);
    for (const line of segmentLog.found) {
      const entry = readEntry(line);
      if (entry) this.#absorbFound(entry);
      else if (isStrange(line)) this.#strange++;
      else this.#damaged++;
    }
    segmentLog.opening = () => this.#openingLines();
  }

  get joins(): JoinCounts {
    return this.#joiner.counts;
  }

  get logStatus(): LogStatus {
    const cut = this.#segmentLog.losses.filter(({ cutBytes }) => cutBytes > 0).length;
    return {
      segments: this.#segmentLog.segments(),
      facts: this.#facts,
      damaged: this.#damaged,
      cut,
      implausible: this.#implausible,
      strange: this.#strange,
      problem: this.#segmentLog.problem(),
    };
  }

  of(functionName: string): FunctionRecord {
    let record = this.records.get(functionName);
    if (!record) {
      record = new FunctionRecord(functionName);
      this.records.set(functionName, record);
    }
    return record;
  }

  /**
   * Resolves when the fact is in the log: only then may it be acknowledged. Facts of one moment are synced together. Facts that
   * arrive before their function's first window are not written: they wait, and a crash loses at most one step of them.
   */
  async take(fact: Fact): Promise<void> {
    const key = factKey(fact);
    // A duplicate waits for the first one, and is delivered again where the first was refused.
    const first = this.#taking.get(key);
    if (first) await first;
    if (this.#isOfUnknown(fact)) return this.#wait(fact);
    // Acknowledged all the same: redelivery would not make it plausible.
    if (!this.#isPlausible(fact)) return void this.#implausible++;
    // A duplicate is counted, and not written twice.
    if (!this.#joiner.isNew(fact)) this.#joiner.take(fact);
    else {
      const taken = this.#write(fact).finally(() => this.#taking.delete(key));
      this.#taking.set(key, taken);
      await taken;
    }
    if (fact.kind !== "window") return;
    for (const waiting of this.#waitingFor(fact)) {
      await this.take(waiting);
      this.#waiting = this.#waiting.filter((one) => one !== waiting);
    }
  }

  async learned(learned: Learned): Promise<void> {
    await this.#write({ kind: "learned", learned });
  }

  async note(entry: HistoryEntry): Promise<void> {
    await this.#write({ kind: "history", entry });
  }

  async control(control: ModelControl): Promise<void> {
    await this.#write({ kind: "control", control });
  }

  /** It counts at once, and is written as soon as the log can be. */
  async controlAnyway(control: ModelControl): Promise<void> {
    this.#absorb({ kind: "control", control });
    this.#unwritten.add(control.functionName);
    await this.writeLate();
  }

  /** Writes what counts already and could not be written before. */
  async writeLate(): Promise<void> {
    for (const functionName of this.#unwritten) {
      const control = this.controls.get(functionName)!;
      // The log reports why it cannot be written.
      const isWritten = await this.control(control).then(
        () => true,
        () => false,
      );
      if (isWritten) this.#unwritten.delete(functionName);
    }
  }

  async order(order: Order): Promise<void> {
    await this.#write({ kind: "order", order });
  }

  async #write(entry: LogEntry): Promise<void> {
    await this.#segmentLog.append(entry);
    this.#absorb(entry);
  }

  /** A log may begin after a function's first window, or hold names that appear in no window. */
  #absorbFound(entry: LogEntry): void {
    if (isFact(entry) && this.#isOfUnknown(entry)) return this.#wait(entry);
    this.#absorb(entry);
    if (entry.kind !== "window") return;
    const waiting = this.#waitingFor(entry);
    if (waiting.length === 0) return;
    this.#waiting = this.#waiting.filter((one) => !waiting.includes(one));
    for (const one of waiting) this.#absorb(one);
  }

  #isOfUnknown(fact: Fact): boolean {
    return fact.kind !== "window" && !this.#names.has(datesOf(fact).functionName);
  }

  #wait(fact: Fact): void {
    this.#waiting = [...this.#waiting, fact];
    if (this.#waiting.length <= MAX_WAITING) return;
    this.#waiting = this.#waiting.slice(1);
    this.#implausible++;
  }

  #waitingFor({ window }: Extract<Fact, { kind: "window" }>): readonly Fact[] {
    if (!this.#names.has(window.functionName)) return [];
    return this.#waiting.filter((one) => datesOf(one).functionName === window.functionName);
  }

  /** What an entry changes: the same when it is written and when it is read again. */
  #absorb(entry: LogEntry): void {
    switch (entry.kind) {
      case "learned":
        return this.of(entry.learned.functionName).addLearned(entry.learned);
      case "history":
        return this.of(entry.entry.functionName).addHistory(entry.entry);
      case "control":
        this.controls.set(entry.control.functionName, entry.control);
        return void this.orders.delete(entry.control.functionName);
      case "order":
        if (entry.order.action === "mode") this.orders.set(entry.order.functionName, entry.order);
        else this.isAutomatic = entry.order.action === "start";
        return;
      case "window":
        if (!this.#isPlausible(entry)) return void this.#implausible++;
        this.of(entry.window.functionName).addWindow(entry.managed, entry.window);
        break;
      case "proposal":
      case "applied":
        if (!this.#isPlausible(entry)) return void this.#implausible++;
        break;
    }
    this.#facts++;
    for (const transition of this.#joiner.take(entry)) {
      const record = this.of(transition.window.functionName);
      // A window that no other one followed is not learned from.
      if (record.knows(transition.window)) record.addTransition(transition);
    }
  }

  #isPlausible(fact: Fact): boolean {
    const { functionName, generation, atMs } = datesOf(fact);
    if (!this.#names.has(functionName)) {
      if (this.#names.size >= MAX_FUNCTIONS) return false;
      this.#names.add(functionName);
    }
    const last = this.records.get(functionName)?.windows.at(-1);
    if (fact.kind === "window" || !last || last.generation !== generation) return true;
    return Math.abs(atMs - last.endedAtMs) <= WAIT_WINDOWS * last.windowSeconds * 1_000;
  }

  /** What must not be lost when the oldest file is removed. */
  #openingLines(): readonly LogEntry[] {
    const { isAutomatic } = this;
    const action = isAutomatic ? "start" : "stop";
    return [
      ...(isAutomatic === null ? [] : [{ kind: "order", order: { action } } as const]),
      ...[...this.controls.values()].map((control) => ({ kind: "control", control }) as const),
      ...[...this.orders.values()].map((order) => ({ kind: "order", order }) as const),
    ];
  }
}

function isFact(entry: LogEntry): entry is Fact {
  return entry.kind === "window" || entry.kind === "proposal" || entry.kind === "applied";
}
