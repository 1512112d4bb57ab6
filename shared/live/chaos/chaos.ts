/** A seeded plan of faults against the platform that runs from a home, and whether everything held. */
import { deadlineIn } from "../../adapters/patience.ts";
import { BadInputError } from "../../core/errors.ts";
import type { PromiseReport } from "../../guard/promises.ts";
import { managedOn, openPlatform } from "../platform.ts";
import { faultsFor, type Fault } from "./faults.ts";
import { planOf } from "./plan.ts";
import type { BusServerPid } from "./processes.ts";
import { tryFaults, type Tried } from "./try-faults.ts";
import { watch } from "./watch.ts";
import { openWorld } from "./world.ts";

/** Which faults, how many and on what. */
export interface ChaosOptions {
  /** The function that is watched; null: the first that is managed. */
  readonly functionName: string | null;
  /** How many faults. */
  readonly count: number;
  /** Faults whose name begins with one of these; empty: all. */
  readonly only: readonly string[];
  /** Ends after so many minutes. */
  readonly minutes: number;
  /** Of the order. */
  readonly seed: string;
}

/** What the faults need of the machine and of the person. */
export interface ChaosWorld {
  readonly home: string;
  readonly busServerPid: BusServerPid;
  /** Progress, a line each. */
  readonly say: (line: string) => void;
  /** Resolves where the person agrees to so many faults; rejects with `BadInputError`. */
  readonly confirm: (count: number) => Promise<void>;
  readonly signal: AbortSignal;
}

/** What was tried and what held. */
export interface ChaosReport {
  readonly seed: string;
  readonly tried: readonly Tried[];
  readonly promises: PromiseReport;
}

/** Whether every fault was recovered from and every promise kept. */
export function hasHeld({ tried, promises }: ChaosReport): boolean {
  return promises.broken.length === 0 && tried.every(({ broken }) => broken.length === 0);
}

/** The faults whose name begins with one of the words; all without words. Throws `BadInputError` for a word that none begins with. */
export function chosenFaults(functionName: string, only: readonly string[]): readonly Fault[] {
  const all = faultsFor(functionName);
  const unknown = only.find((word) => !all.some(({ name }) => name.startsWith(word)));
  if (unknown !== undefined) {
    const names = all.map(({ name }) => name).join(", ");
    throw new BadInputError(`--only: no fault begins with '${unknown}'; there are: ${names}`);
  }
  return only.length === 0 ? all : all.filter(({ name }) => only.some((word) => name.startsWith(word)));
}

/** Leaves the platform as it was. Throws `BadInputError` before anything is done. */
export async function causeChaos(options: ChaosOptions, world: ChaosWorld): Promise<ChaosReport> {
  const { home, busServerPid, say } = world;
  const platform = await openPlatform(home, "cli", () => {});
  try {
    const managed = await managedOn(platform, options.functionName);
    const plan = planOf(options.seed, chosenFaults(managed.functionName, options.only), options.count);
    say(`${platform.address.url}, ${managed.functionName}: ${plan.map(({ name }) => name).join(", ")}`);
    await world.confirm(plan.length);

    const signal = AbortSignal.any([world.signal, deadlineIn(options.minutes * 60_000)]);
    const touchesMetrics = plan.some(({ name }) => name.startsWith("metrics"));
    const opened = await openWorld({ home, busServerPid, platform, managed, touchesMetrics, signal });
    const watched = await watch(platform.bus, managed.functionName);
    try {
      await opened.world.until(() => watched.decisions().length > 0, "a decision before anything is done");
      const tried = await tryFaults(plan, { ...opened, watch: watched, signal, say });
      if (tried.length < plan.length) say(`ended after ${tried.length} of ${plan.length} faults`);
      return { seed: options.seed, tried, promises: watched.report() };
    } finally {
      await watched.close();
      await opened.close();
    }
  } finally {
    await platform.close();
  }
}
