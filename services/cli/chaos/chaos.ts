/** `replicant chaos`: a seeded plan of faults against the platform that runs from this home, and whether everything held. */
import { createInterface } from "node:readline/promises";

import { deadlineIn } from "#shared/adapters/patience.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { readFlags } from "#shared/config/flags.ts";
import { managedOn, openPlatform } from "#shared/live/platform.ts";
import { faultsFor, type Fault } from "#shared/live/chaos/faults.ts";
import { planOf } from "#shared/live/chaos/plan.ts";
import { hasHeld, reportLines, type ChaosReport } from "./report.ts";
import { tryFaults } from "#shared/live/chaos/try-faults.ts";
import { watch } from "#shared/live/chaos/watch.ts";
import { openWorld } from "#shared/live/chaos/world.ts";

export interface ChaosFlags {
  readonly function?: string;
  readonly faults?: string;
  readonly only?: string;
  readonly minutes?: string;
  readonly seed?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export interface ChaosOptions {
  readonly count: number;
  readonly only: readonly string[];
  readonly minutes: number;
  readonly seed: string;
}

export interface ChaosCommandWorld {
  readonly home: string;
  readonly say: (line: string) => void;
  readonly answer: (json: string) => void;
  readonly signal: AbortSignal;
  /** Null where there is nobody to ask. */
  readonly ask: ((question: string) => Promise<string>) | null;
}

/** Throws a `ConfigError` that names every bad flag. */
export function readChaosFlags(flags: ChaosFlags): ChaosOptions {
  const given = readFlags();
  const options = {
    count: given.number("faults", flags.faults, 10, { least: 1, most: 100, whole: true }),
    minutes: given.number("minutes", flags.minutes, 30, { least: 0.1, most: 240 }),
    only: given.list("only", flags.only),
    seed: flags.seed ?? "1",
  };
  given.done();
  return options;
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

/** Answers the exit code: 0 when everything held, 1 when something broke. Throws `BadInputError` before anything was done. */
export async function chaos(flags: ChaosFlags, world: ChaosCommandWorld): Promise<number> {
  const options = readChaosFlags(flags);
  const platform = await openPlatform(world.home, "cli", () => {});
  try {
    const managed = await managedOn(platform, flags.function ?? null);
    const plan = planOf(options.seed, chosenFaults(managed.functionName, options.only), options.count);
    world.say(`${platform.address.url}, ${managed.functionName}: ${plan.map(({ name }) => name).join(", ")}`);
    await confirmed(flags, world, plan.length);

    const signal = AbortSignal.any([world.signal, deadlineIn(options.minutes * 60_000)]);
    const touchesMetrics = plan.some(({ name }) => name.startsWith("metrics"));
    const opened = await openWorld({ home: world.home, platform, managed, touchesMetrics, signal });
    const told = await watch(platform.bus, managed.functionName);
    try {
      await opened.world.until(() => told.decisions().length > 0, "a decision before anything is done");
      const tried = await tryFaults(plan, { ...opened, watch: told, signal, say: world.say });
      const report = { seed: options.seed, tried, promises: told.report() };
      if (tried.length < plan.length) world.say(`ended after ${tried.length} of ${plan.length} faults`);
      return answered(report, flags, world);
    } finally {
      await told.close();
      await opened.close();
    }
  } finally {
    await platform.close();
  }
}

function answered(report: ChaosReport, flags: ChaosFlags, { say, answer }: ChaosCommandWorld): number {
  if (flags.json) answer(JSON.stringify(report));
  else for (const line of reportLines(report)) say(line);
  return hasHeld(report) ? 0 : 1;
}

async function confirmed({ yes }: ChaosFlags, { ask }: ChaosCommandWorld, count: number): Promise<void> {
  if (yes) return;
  if (ask === null) throw new BadInputError("this breaks what runs, for a while: confirm with --yes");
  const said = await ask(`Break this platform ${count} times? [y/N] `);
  if (!/^y(es)?$/i.test(said.trim())) throw new BadInputError("nothing was done");
}

/** Asks at a terminal; null where there is none. */
export function terminal(): ChaosCommandWorld["ask"] {
  if (!process.stdin.isTTY) return null;
  return async (question) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await lines.question(question);
    } finally {
      lines.close();
    }
  };
}
