/** What a part does for each function, how long ago it last did it, and what is overdue: a part may be alive and do nothing. */

/** `window`, `decision`, …: letters and `_`, for it is part of a metric's name. */
export type Deed = string;

/** How often a deed is expected. */
export interface Due {
  /** One is due at least so often, real time. */
  readonly everyMs: number;
  /** What it means when none comes: completes the sentence "no … of 'stress' for 120 s; …". */
  readonly else?: string;
}

/** Of one function: seconds since each deed was last done, null where it never was. */
export type Ages = Readonly<Record<Deed, number | null>>;

/** How often a deed was done for a function, for metrics. */
export interface DeedCount {
  readonly functionName: string;
  readonly deed: Deed;
  readonly count: number;
  /** Since it was last done, else since it has been due; null where neither is. */
  readonly ageSeconds: number | null;
}

/** More missed in a row than this is a problem. */
export const MAX_MISSED = 3;
/** Fast time-lapse makes windows so short that a busy machine alone would miss some of them. */
const MIN_OVERDUE_MS = 5_000;
/** A name more pushes out the one that was idle longest: names come from events. */
const MAX_FUNCTIONS = 1_000;

interface Entry {
  count: number;
  lastMs: number | null;
  /** When it became due. */
  sinceMs: number | null;
  due: Due | null;
}

/**
 * `nowMs` is monotonic: an age is no business of the wall clock. A function of which nothing came for `goneAfter` times what is
 * due is taken to be managed no longer: for a part that cannot ask the platform; one that can calls `keepOnly` and is never
 * content with silence.
 */
export class Activity {
  readonly #functions = new Map<string, Map<Deed, Entry>>();

  constructor(
    readonly nowMs: () => number,
    readonly options: { readonly goneAfter?: number } = {},
  ) {}

  /** It was done just now; with `due` it is expected again. */
  did(deed: Deed, functionName: string, due?: Due): void {
    const entry = this.#entry(functionName, deed);
    this.#putLast(functionName);
    entry.count++;
    entry.lastMs = this.nowMs();
    if (due) entry.due = due;
  }

  /** It is due from now on; of what is due already only what it means may change. */
  expect(deed: Deed, functionName: string, due: Due): void {
    const entry = this.#entry(functionName, deed);
    entry.sinceMs ??= this.nowMs();
    if (entry.due === null) entry.due = due;
    else if (due.else !== undefined && due.else !== entry.due.else) entry.due = { ...entry.due, else: due.else };
  }

  /** Due no longer; how long ago it was done is still reported. */
  excuse(deed: Deed, functionName: string): void {
    const entry = this.#functions.get(functionName)?.get(deed);
    if (!entry) return;
    entry.due = null;
    entry.sinceMs = null;
  }

  /** Forgets all other functions. */
  keepOnly(isKept: (functionName: string) => boolean): void {
    for (const name of this.#functions.keys()) if (!isKept(name)) this.#functions.delete(name);
  }

  ages(): Readonly<Record<string, Ages>> {
    this.#forgetGone();
    return Object.fromEntries(
      [...this.#functions].map(([name, deeds]) => [
        name,
        Object.fromEntries(
          [...deeds].map(([deed, { lastMs }]) => [deed, lastMs === null ? null : this.#seconds(lastMs)]),
        ),
      ]),
    );
  }

  counts(): readonly DeedCount[] {
    this.#forgetGone();
    return [...this.#functions].flatMap(([functionName, deeds]) =>
      [...deeds].map(([deed, { count, lastMs, sinceMs }]) => {
        const fromMs = lastMs ?? sinceMs;
        return { functionName, deed, count, ageSeconds: fromMs === null ? null : this.#seconds(fromMs) };
      }),
    );
  }

  /** A sentence for everything that is overdue. */
  problems(): readonly string[] {
    this.#forgetGone();
    return [...this.#functions].flatMap(([name, deeds]) =>
      [...deeds].flatMap(([deed, entry]) => {
        const { due } = entry;
        if (due === null || !this.#isOverdue(entry, due)) return [];
        const seconds = `${Math.round(this.#idleMs(entry) / 1_000)} s`;
        const every = `one is due every ${Math.round(due.everyMs / 100) / 10} s`;
        return `no ${deed.replaceAll("_", " ")} of '${name}' for ${seconds}, ${every}${due.else === undefined ? "" : `; ${due.else}`}`;
      }),
    );
  }

  #isOverdue(entry: Entry, { everyMs }: Due): boolean {
    return this.#idleMs(entry) > Math.max(MIN_OVERDUE_MS, (MAX_MISSED + 1) * everyMs);
  }

  #idleMs({ lastMs, sinceMs }: Entry): number {
    return this.nowMs() - Math.max(lastMs ?? -Infinity, sinceMs ?? -Infinity);
  }

  #seconds(fromMs: number): number {
    return Math.round((this.nowMs() - fromMs) / 100) / 10;
  }

  #forgetGone(): void {
    const { goneAfter = Infinity } = this.options;
    for (const [name, deeds] of this.#functions) {
      const entries = [...deeds.values()];
      const everyMs = Math.max(...entries.map(({ due }) => due?.everyMs ?? -Infinity));
      const isSilent = entries.every((entry) => this.#idleMs(entry) > goneAfter * everyMs);
      if (everyMs > 0 && isSilent) this.#functions.delete(name);
    }
  }

  #entry(functionName: string, deed: Deed): Entry {
    let deeds = this.#functions.get(functionName);
    if (!deeds) this.#functions.set(functionName, (deeds = new Map<Deed, Entry>()));
    if (this.#functions.size > MAX_FUNCTIONS) this.#functions.delete(this.#functions.keys().next().value!);
    let entry = deeds.get(deed);
    if (!entry) deeds.set(deed, (entry = { count: 0, lastMs: null, sinceMs: null, due: null }));
    return entry;
  }

  /** At the end: the first one is the one that was idle longest. */
  #putLast(functionName: string): void {
    const deeds = this.#functions.get(functionName)!;
    this.#functions.delete(functionName);
    this.#functions.set(functionName, deeds);
  }
}
