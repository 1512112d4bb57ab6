/** What the trainer remembers, all of it rebuilt from its log: a thing counts when its line would survive a power cut. */
import type { ModelControl } from "#shared/core/model.ts";
import type { Fact } from "#shared/core/transition.ts";
import { datesOf, factKey, TransitionJoiner, WAIT_WINDOWS, type JoinCounts } from "#shared/task/transitions.ts";
import { FunctionRecord } from "./function-record.ts";
import { isStrange, readEntry, type HistoryEntry, type Learned, type LogEntry, type Order } from "./log/entries.ts";
import type { SegmentLog } from "./log/segments.ts";

export interface LogStatus {
  readonly segments: number;
  readonly facts: number;
  /** When it was opened: whole lines that are no JSON, or no entry that could be true. */
  readonly damaged: number;
  /** When it was opened: last lines that a death has cut. */
  readonly cut: number;
  /**
   * Dated where no window of the function lies, of a function whose window never came, or of one function too many; not
   * learned from.
   */
  readonly implausible: number;
  /** Kinds of a later version. */
  readonly strange: number;
  readonly problem: string | null;
}

/** Names come from windows. */
const MOST_FUNCTIONS = 1_000;
/** One subject may be ahead of another: so many proposals and decisions wait for their function's first window. */
const MOST_WAITING = 128;

export type ModeOrder = Extract<Order, { action: "mode" }>;

export class TrainerMemory {
  readonly records = new Map<string, FunctionRecord>();
  /** What models may do: the truth, whatever became of the shelf. */
  readonly controls = new Map<string, ModelControl>();
  /** Orders that wait until their function has a model. */
  readonly orders = new Map<string, ModeOrder>();
  /** The last order to start or stop training by itself; null: the setting counts. */
  isAutomatic: boolean | null = null;
  readonly #log: SegmentLog;
  readonly #joiner = new TransitionJoiner();
  readonly #taking = new Map<string, Promise<void>>();
  readonly #unwritten = new Set<string>();
  /** Of functions that a window told of: anybody who proposes could fill it up with names that nobody has. */
  readonly #names = new Set<string>();
  /** In memory alone; the oldest give way. */
  #waiting: readonly Fact[] = [];
  #facts = 0;
  #implausible = 0;
  #damaged: number;
  #strange = 0;

  constructor(log: SegmentLog) {
    this.#log = log;
    this.#damaged = log.losses.reduce((sum, { damagedLines }) => sum + damagedLines, 0);
    for (const line of log.found) {
      const entry = readEntry(line);
      if (entry) this.#absorbFound(entry);
      else if (isStrange(line)) this.#strange++;
      else this.#damaged++;
    }
    log.opening = () => this.#standing();
  }

  get joins(): JoinCounts {
    return this.#joiner.counts;
  }

  get log(): LogStatus {
    const cut = this.#log.losses.filter(({ cutBytes }) => cutBytes > 0).length;
    const counts = {
      facts: this.#facts,
      damaged: this.#damaged,
      cut,
      implausible: this.#implausible,
      strange: this.#strange,
    };
    return { segments: this.#log.segments(), ...counts, problem: this.#log.problem() };
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
   * Resolves when the fact stands in the log: only then may it be acknowledged. Facts of one moment are synced together. What
   * is told of a function before its first window is not written: it waits, and of that a death loses no more than one step.
   */
  async take(fact: Fact): Promise<void> {
    const key = factKey(fact);
    // Of two that are the same the second waits for the first, and comes again where the first was refused.
    const first = this.#taking.get(key);
    if (first) await first;
    if (this.#isOfUnknown(fact)) return this.#wait(fact);
    // Acknowledged all the same: it would be no truer when it came again.
    if (!this.#isPlausible(fact)) return void this.#implausible++;
    // What was heard before is counted, and not written twice.
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

  /** It counts at once, and stands in the log as soon as that takes it. */
  async controlAnyway(control: ModelControl): Promise<void> {
    this.#absorb({ kind: "control", control });
    this.#unwritten.add(control.functionName);
    await this.writeLate();
  }

  /** What counts already and could not be written. */
  async writeLate(): Promise<void> {
    for (const functionName of this.#unwritten) {
      const control = this.controls.get(functionName)!;
      // The log tells why it takes nothing.
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
    await this.#log.append(entry);
    this.#absorb(entry);
  }

  /** A log may begin behind its function's first window, or hold names that no window ever told of. */
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
    if (this.#waiting.length <= MOST_WAITING) return;
    this.#waiting = this.#waiting.slice(1);
    this.#implausible++;
  }

  #waitingFor({ window }: Extract<Fact, { kind: "window" }>): readonly Fact[] {
    if (!this.#names.has(window.functionName)) return [];
    return this.#waiting.filter((one) => datesOf(one).functionName === window.functionName);
  }

  /** What a line changes: the same when it is written and when it is read again. */
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
      // Of a window that no other one followed nothing is learned.
      if (record.knows(transition.window)) record.addTransition(transition);
    }
  }

  #isPlausible(fact: Fact): boolean {
    const { functionName, generation, atMs } = datesOf(fact);
    if (!this.#names.has(functionName)) {
      if (this.#names.size >= MOST_FUNCTIONS) return false;
      this.#names.add(functionName);
    }
    const last = this.records.get(functionName)?.windows.at(-1);
    if (fact.kind === "window" || !last || last.generation !== generation) return true;
    return Math.abs(atMs - last.endedAtMs) <= WAIT_WINDOWS * last.windowSeconds * 1_000;
  }

  /** What must not go when the oldest file goes. */
  #standing(): readonly LogEntry[] {
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
