/** The recorded figures as the table in test/README.md, which says what its columns are. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { added, type Figures, type SuiteFigures } from "./figures.ts";

const BEGIN = "<!-- faults -->";
const END = "<!-- /faults -->";

const columns: readonly (readonly [title: string, cell: (figures: Figures) => string])[] = [
  ["faults", ({ tried }) => count(tried)],
  ["held", ({ held }) => count(held)],
  ["recovery", recovery],
  ["inputs", ({ inputs }) => count(inputs)],
  ["refused", ({ refused }) => count(refused)],
  ["req/s", ({ loadPerSecond }) => count(loadPerSecond)],
  ["hours", ({ hoursSoaked }) => count(hoursSoaked)],
  ["blind", ({ scaleDownsOnMissing }) => count(scaleDownsOnMissing)],
  ["lost", ({ acknowledgedLost }) => count(acknowledgedLost)],
];

/** The lines that the suites left in a folder, in the order of their names. */
export function readFigures(folder: string): SuiteFigures[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as SuiteFigures)
    .sort((one, other) => (one.suite < other.suite ? -1 : 1));
}

/** A row a suite, and all of them together. */
export function tableOf(rows: readonly SuiteFigures[]): string[] {
  const total = rows.reduce<Figures>((sum, { suite: _suite, ...figures }) => added(sum, figures), {});
  const cells = [
    ["suite", ...columns.map(([title]) => title)],
    ...rows.map((row) => [`\`${row.suite}\``, ...columns.map(([, cell]) => cell(row))]),
    ["together", ...columns.map(([, cell]) => cell(total))],
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [line(cells[0]!), line(widths.map((width) => "-".repeat(width))), ...cells.slice(1).map(line)];
}

/** A page with the table put between its marks. */
export function withTable(page: string, rows: readonly SuiteFigures[]): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`the page has no ${BEGIN} … ${END}`);
  return `${page.slice(0, from + BEGIN.length)}\n\n${tableOf(rows).join("\n")}\n\n${page.slice(to)}`;
}

/** The suites that a page's table names. */
export function suitesIn(page: string): string[] {
  const table = page.slice(page.indexOf(BEGIN), page.indexOf(END));
  return [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, suite]) => suite!);
}

function recovery({ recoveryWindows, recoverySeconds }: Figures): string {
  const parts = [
    ...(recoveryWindows === undefined ? [] : [`${recoveryWindows} window${recoveryWindows === 1 ? "" : "s"}`]),
    ...(recoverySeconds === undefined ? [] : [`${recoverySeconds.toFixed(1)} s`]),
  ];
  return parts.join(", ") || "–";
}

function count(value: number | undefined): string {
  return value === undefined ? "–" : String(Math.round(value * 10) / 10);
}
