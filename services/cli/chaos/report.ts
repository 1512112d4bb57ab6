/** The result of a run of faults as a table for people. */
import type { PromiseReport } from "#shared/guard/promises.ts";
import type { Tried } from "#shared/live/chaos/try-faults.ts";

export interface ChaosReport {
  readonly seed: string;
  readonly tried: readonly Tried[];
  readonly promises: PromiseReport;
}

export function hasHeld({ tried, promises }: ChaosReport): boolean {
  return promises.broken.length === 0 && tried.every(({ broken }) => broken.length === 0);
}

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
      row(fault, broken.length === 0 ? "yes" : "no", told(recoveryWindows, 0), told(recoverySeconds, 1)),
    ),
    "",
    `seed ${seed}: ${held} of ${tried.length} faults held; ${decisions} decisions checked, ${promises.broken.length} promises broken`,
    ...tried.flatMap(({ fault, broken }) => broken.map((sentence) => `broken: ${fault}: ${sentence}`)),
    ...promises.broken.map(({ promise, decisionId, sentence }) => `broken: ${promise}: ${decisionId}: ${sentence}`),
  ];
}

function told(value: number | null, digits: number): string {
  return value === null ? "–" : value.toFixed(digits);
}
