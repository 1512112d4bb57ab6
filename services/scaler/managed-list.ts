/** The platform's list of managed functions, a few seconds old at most while it answers; the last one known while it is away. */
import type { Clock } from "#shared/core/clock.ts";
import { messageOf } from "#shared/core/errors.ts";
import type { ManagedFunction } from "#shared/core/managed-function.ts";
import type { ManagedFunctions } from "#shared/ports/managed-functions.ts";

const REFRESH_MS = 5_000;
const FIRST_REFRESH_MS = 1_000;
/** Names in sentences come from outside. */
const NAME_LENGTH = 100;

/** What is known of the list, for the status. */
export interface ManagedListStatus {
  /** Null before the first list: nothing is scaled then. */
  readonly functions: number | null;
  readonly ageSeconds: number | null;
  /** Events about what the platform does not list. */
  readonly refused: number;
  readonly lastRefused: string | null;
  readonly problem: string | null;
}

/** Where the list comes from, a clock and a log. */
export interface ManagedListDeps {
  readonly source: ManagedFunctions;
  /** Monotonic. */
  readonly clock: Clock;
  readonly log: { warn(fields: object, message: string): void };
  /** Called after each list. */
  readonly onList?: (isListed: (functionName: string) => boolean) => void;
}

/** The functions under Replicant's care, asked for again and again. */
export class ManagedList {
  #byName: ReadonlyMap<string, ManagedFunction> | null = null;
  #listedMs: number | null = null;
  #problem: string | null = null;
  #refused = 0;
  #lastRefused: string | null = null;

  constructor(readonly deps: ManagedListDeps) {}

  get isKnown(): boolean {
    return this.#byName !== null;
  }

  /** As the platform lists it; null, and counted, for what it does not list. */
  find(functionName: string, namespace: string): ManagedFunction | null {
    const found = this.#byName?.get(functionName);
    if (found?.namespace === namespace) return found;
    this.#refused++;
    this.#lastRefused = `${functionName}.${namespace}`.slice(0, NAME_LENGTH);
    return null;
  }

  /** Null before the first list. */
  lists(functionName: string): boolean | null {
    return this.#byName?.has(functionName) ?? null;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#refresh();
      await this.deps.clock.sleep(this.isKnown ? REFRESH_MS : FIRST_REFRESH_MS, signal);
    }
  }

  status(): ManagedListStatus {
    const ageMs = this.#listedMs === null ? null : this.deps.clock.nowMs() - this.#listedMs;
    return {
      functions: this.#byName?.size ?? null,
      ageSeconds: ageMs === null ? null : Math.round(ageMs / 100) / 10,
      refused: this.#refused,
      lastRefused: this.#lastRefused,
      problem: this.#problem,
    };
  }

  async #refresh(): Promise<void> {
    const { source, clock, log, onList } = this.deps;
    try {
      const { managed, problems } = await source.list();
      this.#byName = new Map(managed.map((one) => [one.functionName, one]));
      this.#listedMs = clock.nowMs();
      this.#report(problems[0] ?? null, log);
      onList?.((name) => this.#byName!.has(name));
    } catch (thrown) {
      this.#report(`the platform's list of functions could not be read: ${messageOf(thrown)}`, log);
    }
  }

  #report(problem: string | null, log: ManagedListDeps["log"]): void {
    if (problem !== null && problem !== this.#problem) {
      log.warn({ problem }, this.isKnown ? "goes by the last known list" : "nothing is scaled before the first list");
    }
    this.#problem = problem;
  }
}
