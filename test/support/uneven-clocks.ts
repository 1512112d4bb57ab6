/** Several processes in one simulated time: each with a clock of its own offset and pace, each of which may be paused. */
import type { Clock } from "#shared/core/clock.ts";

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/** True time, which no process sees. */
export class TrueTime {
  nowMs = 0;
  #sleepers: Sleeper[] = [];
  readonly #processes: UnevenProcess[] = [];

  sleep(ms: number): Promise<void> {
    return new Promise((wake) => this.#sleepers.push({ atMs: this.nowMs + ms, wake }));
  }

  process(offsetMs: number, pace: number): UnevenProcess {
    const one = new UnevenProcess(this, offsetMs, pace);
    this.#processes.push(one);
    return one;
  }

  /** Moves on in steps, calling `each` after every one. */
  async advance(ms: number, each: () => void = () => {}, stepMs = 50): Promise<void> {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs;) {
      this.nowMs = Math.min(untilMs, this.nowMs + stepMs);
      const due = this.#sleepers.filter(({ atMs }) => atMs <= this.nowMs);
      this.#sleepers = this.#sleepers.filter(({ atMs }) => atMs > this.nowMs);
      for (const { wake } of due) wake();
      for (const one of this.#processes) one.wakeDue();
      for (let turn = 0; turn < 30; turn++) await Promise.resolve();
      each();
    }
  }
}

export class UnevenProcess implements Clock {
  #sleepers: Sleeper[] = [];
  #thawing: (() => void)[] = [];
  #frozen = false;

  constructor(
    readonly world: TrueTime,
    readonly offsetMs: number,
    readonly pace: number,
  ) {}

  get frozen(): boolean {
    return this.#frozen;
  }

  /** As SIGSTOP does: its clock goes on, its code does not. */
  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    this.#frozen = false;
    for (const go of this.#thawing.splice(0)) go();
    this.wakeDue();
  }

  nowMs(): number {
    return this.offsetMs + this.world.nowMs * this.pace;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((wake) => this.#sleepers.push({ atMs: this.nowMs() + ms, wake }));
  }

  /** Resolves when the process runs. */
  runs(): Promise<void> {
    return this.#frozen ? new Promise((go) => this.#thawing.push(go)) : Promise.resolve();
  }

  wakeDue(): void {
    if (this.#frozen) return;
    const due = this.#sleepers.filter(({ atMs }) => atMs <= this.nowMs());
    this.#sleepers = this.#sleepers.filter(({ atMs }) => atMs > this.nowMs());
    for (const { wake } of due) wake();
  }
}
