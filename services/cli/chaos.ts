/** `replicant chaos`: breaks the platform that runs from this home, fault by fault, and reports whether everything held. */
import { createInterface } from "node:readline/promises";

import { readFlags } from "#shared/config/flags.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { causeChaos, hasHeld, type ChaosOptions, type ChaosReport } from "#shared/live/chaos/chaos.ts";
import { busServerPid } from "../local-openfaas/index.ts";
import { command, type FlagsOf } from "./command.ts";

const OPTIONS = {
  "--function <name>": "the function that is watched (default: the first that is managed)",
  "--faults <n>": "so many faults (default 10, at most 100)",
  "--only <words>": "faults that begin with one of these: kill, pause, redeploy, metrics, 'kill bus', second",
  "--minutes <m>": "end after so many minutes (default 30)",
  "--seed <text>": "seed of the order (default 1)",
  "--yes": "do not ask",
  "--json": "print one JSON document at the end, and nothing else, on stdout",
} as const;

export default command({
  name: "chaos",
  description: "break the platform that 'up' runs from this home, fault by fault, and report whether everything held",
  options: OPTIONS,
  /** Exit code 1 when something broke. */
  async run(flags, { home, say, answer, signal }) {
    const confirm = flags.yes ? async () => {} : confirmed;
    const report = await causeChaos(readChaosFlags(flags), { home, busServerPid, say, confirm, signal });
    if (flags.json) answer(JSON.stringify(report));
    else for (const line of reportLines(report)) say(line);
    return hasHeld(report) ? 0 : 1;
  },
});

/** Throws a `ConfigError` that names every bad flag. */
export function readChaosFlags(flags: FlagsOf<typeof OPTIONS>): ChaosOptions {
  const read = readFlags();
  const options = {
    functionName: flags.function ?? null,
    count: read.number("faults", flags.faults, 10, { least: 1, most: 100, whole: true }),
    minutes: read.number("minutes", flags.minutes, 30, { least: 0.1, most: 240 }),
    only: read.list("only", flags.only),
    seed: flags.seed ?? "1",
  };
  read.done();
  return options;
}

/** Asks at a terminal. */
async function confirmed(count: number): Promise<void> {
  if (!process.stdin.isTTY) throw new BadInputError("this breaks what runs, for a while: confirm with --yes");
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const said = await lines.question(`Break this platform ${count} times? [y/N] `);
    if (!/^y(es)?$/i.test(said.trim())) throw new BadInputError("nothing was done");
  } finally {
    lines.close();
  }
}

/** A line a fault, the counts, and a line for each promise that was broken. */
export function reportLines(report: ChaosReport): string[] {
  const { seed, tried, promises } = report;
  const width = Math.max("fault".length, ...tried.map(({ fault }) => fault.length));
  const row = (fault: string, held: string, windows: string, seconds: string) =>
    `${fault.padEnd(width)}  ${held.padEnd(4)}  ${windows.padStart(17)}  ${seconds.padStart(7)}`;
  const held = tried.filter(({ broken }) => broken.length === 0).length;
  const decisions = promises.read.applied;
  return [
    row("fault", "held", "decided on window", "seconds"),
    ...tried.map(({ fault, broken, recoveryWindows, recoverySeconds }) =>
      row(fault, broken.length === 0 ? "yes" : "no", digits(recoveryWindows, 0), digits(recoverySeconds, 1)),
    ),
    "",
    `seed ${seed}: ${held} of ${tried.length} faults held; ${decisions} decisions checked, ${promises.broken.length} promises broken`,
    ...tried.flatMap(({ fault, broken }) => broken.map((sentence) => `broken: ${fault}: ${sentence}`)),
    ...promises.broken.map(({ promise, decisionId, sentence }) => `broken: ${promise}: ${decisionId}: ${sentence}`),
  ];
}

function digits(value: number | null, places: number): string {
  return value === null ? "–" : value.toFixed(places);
}
