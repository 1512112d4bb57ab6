/**
 * Limits without any privilege: a process that has used its share is stopped (SIGSTOP) until its share has grown
 * again, and one that holds more memory than it may is killed. One timer serves all processes.
 */
import { signalGroup } from "../processes.ts";
import { cpuBudget, type CpuBudget } from "./cpu-budget.ts";
import { cpuTimeMs, privateMemoryBytes } from "./process-stats.ts";

/** One process under supervision. */
export interface Supervised {
  /** From now on the CPU limit holds. */
  throttle(limitCores: number): void;
  /** Whether it is stopped for having used its share. */
  holdsStill(): boolean;
  /** Lifts the CPU limit and lets a stopped process run. */
  release(): void;
  outOfMemoryKills(): number;
  remove(): void;
}

const SAMPLE_MS = 10;
/** An idle process is looked at less often; what it uses meanwhile it pays for afterwards. */
const IDLE_SAMPLE_MS = 40;
const MEMORY_EVERY_MS = 100;

interface Entry {
  readonly pid: number;
  readonly memoryLimitBytes: number | null;
  budget: CpuBudget | null;
  cpuMs: number;
  gapMs: number;
  nextSampleAtMs: number;
  nextMemoryAtMs: number;
  stopped: boolean;
  kills: number;
}

/** All processes under supervision. */
export class DutyCycle {
  readonly #entries = new Set<Entry>();
  readonly #nowMs: () => number;
  #timer: NodeJS.Timeout | undefined;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  supervise(pid: number, memoryLimitBytes: number | null): Supervised {
    const entry: Entry = {
      pid,
      memoryLimitBytes,
      budget: null,
      cpuMs: 0,
      gapMs: SAMPLE_MS,
      nextSampleAtMs: 0,
      nextMemoryAtMs: 0,
      stopped: false,
      kills: 0,
    };
    this.#entries.add(entry);
    this.#timer ??= setInterval(() => this.#tick(), SAMPLE_MS).unref();
    return {
      throttle: (limitCores) => {
        entry.cpuMs = cpuTimeMs(pid) ?? 0;
        entry.budget = cpuBudget(limitCores, this.#nowMs(), entry.cpuMs);
      },
      holdsStill: () => entry.stopped,
      release: () => {
        entry.budget = null;
        resume(entry);
      },
      outOfMemoryKills: () => entry.kills,
      remove: () => {
        this.#entries.delete(entry);
        if (this.#entries.size > 0) return;
        clearInterval(this.#timer);
        this.#timer = undefined;
      },
    };
  }

  #tick(): void {
    const nowMs = this.#nowMs();
    for (const entry of this.#entries) {
      if (entry.budget && nowMs >= entry.nextSampleAtMs) this.#spend(entry, entry.budget, nowMs);
      if (entry.memoryLimitBytes !== null && nowMs >= entry.nextMemoryAtMs) {
        entry.nextMemoryAtMs = nowMs + MEMORY_EVERY_MS;
        const bytes = privateMemoryBytes(entry.pid);
        if (bytes !== null && bytes > entry.memoryLimitBytes && signalGroup(entry.pid, "SIGKILL")) entry.kills++;
      }
    }
  }

  #spend(entry: Entry, budget: CpuBudget, nowMs: number): void {
    resume(entry);
    const cpuMs = cpuTimeMs(entry.pid);
    if (cpuMs === null) return;
    const standStillMs = budget.spend(nowMs, cpuMs);
    entry.gapMs = cpuMs > entry.cpuMs ? SAMPLE_MS : Math.min(IDLE_SAMPLE_MS, entry.gapMs * 2);
    entry.cpuMs = cpuMs;
    if (standStillMs > 0 && signalGroup(entry.pid, "SIGSTOP")) entry.stopped = true;
    entry.nextSampleAtMs = nowMs + Math.max(entry.gapMs, standStillMs);
  }
}

function resume(entry: Entry): void {
  if (entry.stopped) signalGroup(entry.pid, "SIGCONT");
  entry.stopped = false;
}
