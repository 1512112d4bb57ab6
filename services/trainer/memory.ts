/** What the trainer remembers, all of it rebuilt from its log: a thing counts when its line is written. */
import { TransitionJoiner, type Fact, type JoinCounts } from "#shared/core/transitions.ts";
import { FunctionRecord } from "./function-record.ts";
import { isEntry, type HistoryEntry, type Learned, type LogEntry } from "./log/entries.ts";
import type { SegmentLog } from "./log/segments.ts";

export class TrainerMemory {
  readonly records = new Map<string, FunctionRecord>();
  readonly #log: SegmentLog;
  readonly #joiner = new TransitionJoiner();
  #facts = 0;
  #taking: Promise<void> = Promise.resolve();

  constructor(log: SegmentLog) {
    this.#log = log;
    for (const line of log.found) if (isEntry(line)) this.#absorb(line);
  }

  get joins(): JoinCounts {
    return this.#joiner.counts;
  }

  get log(): { readonly segments: number; readonly facts: number; readonly damaged: number } {
    return { segments: this.#log.segments(), facts: this.#facts, damaged: this.#log.damaged };
  }

  of(functionName: string): FunctionRecord {
    let record = this.records.get(functionName);
    if (!record) {
      record = new FunctionRecord(functionName);
      this.records.set(functionName, record);
    }
    return record;
  }

  /** Resolves when the fact stands in the log: only then may it be acknowledged. */
  take(fact: Fact): Promise<void> {
    // One after another: of two that are the same the second must find the first.
    const taken = this.#taking.then(async () => {
      // What was heard before is counted, and not written twice.
      if (this.#joiner.isNew(fact)) await this.#write(fact);
      else this.#joiner.take(fact);
    });
    this.#taking = taken.catch(() => {});
    return taken;
  }

  async learned(learned: Learned): Promise<void> {
    await this.#write({ kind: "learned", learned });
  }

  async note(entry: HistoryEntry): Promise<void> {
    await this.#write({ kind: "history", entry });
  }

  async #write(entry: LogEntry): Promise<void> {
    await this.#log.append(entry);
    this.#absorb(entry);
  }

  /** What a line changes: the same when it is written and when it is read again. */
  #absorb(entry: LogEntry): void {
    switch (entry.kind) {
      case "learned":
        return this.of(entry.learned.functionName).addLearned(entry.learned);
      case "history":
        return this.of(entry.entry.functionName).addHistory(entry.entry);
      case "window":
        this.of(entry.window.functionName).addWindow(entry.managed, entry.window);
        break;
      case "proposal":
      case "applied":
        break;
    }
    this.#facts++;
    for (const transition of this.#joiner.take(entry)) {
      this.of(transition.window.functionName).addTransition(transition);
    }
  }
}
