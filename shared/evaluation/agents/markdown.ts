/** The comparison as Markdown, and its place on a page: between two markers. */
import { writeFile } from "node:fs/promises";

import { BadInputError } from "../../core/errors.ts";
import { intervalWords } from "../bootstrap.ts";
import { textOf } from "../files/text-of.ts";
import type { AgentComparison } from "./comparison.ts";
import type { ContenderScore } from "./scores.ts";

/** The lines between which a page's table is replaced. */
export const MARKERS = { begin: "<!-- compare-agents: begin -->", end: "<!-- compare-agents: end -->" } as const;

const HEAD = [
  ...(["policy", "late % [95 %]", "× oracle [95 %]", "replica-s", "P95", "churn"] as const),
  ...(["guarded", "beats", "beaten"] as const),
] as const;

/** The comparison as Markdown: the table, and how it was made. */
export function markdownOf(comparison: AgentComparison): string {
  const { scores, tuned, steps, seeds, budget, traces, command, machine, versions } = comparison;
  const cells = [HEAD, ...scores.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => [...row[column]!].length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((text, i) => text + " ".repeat(widths[i]! - [...text].length)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  const seedWords = seeds.length === 1 ? "one seed" : `${seeds.length} seeds`;
  return [
    `Each agent was trained for ${steps} steps on the training split with ${seedWords}; each rule was tuned there on ${budget} candidates.`,
    `The table shows them on ${traces.length === 1 ? "the trace" : `the ${traces.length} traces`} of the validation split, profile \`stress\`, guard on: means over traces, with the`,
    "95 % bootstrap interval over seeds (of a trained policy: of training and load). What is shipped is one checkpoint, so its interval",
    "is over loads alone. *Late* is a share of requests, *× oracle* and *replica-s* are replica-seconds, *P95* is in seconds, *guarded*",
    "counts proposals that the guard changed. *Beats* counts the tuned rules that have both more late requests and a higher multiple of",
    "the oracle's replica-seconds, *beaten* those that have less of both; ● is on the Pareto front: no policy has less of both.",
    "",
    line(cells[0]!),
    rule,
    ...cells.slice(1).map(line),
    "",
    `Tuned: ${tuned.map((policy) => `\`${policy}\``).join(", ")}.`,
    `Made by \`${command}\`, Replicant ${versions.replicant}, Node ${versions.node}, ${machine.processor}.`,
    "",
  ].join("\n");
}

function cellsOf(score: ContenderScore): string[] {
  const { name, isParetoOptimal, sloViolationShare, oracleMultiple, replicaSeconds, p95Seconds } = score;
  return [
    `${name}${isParetoOptimal ? " ●" : ""}`,
    intervalWords(sloViolationShare, (share) => (100 * share).toFixed(1)),
    intervalWords(oracleMultiple, (multiple) => multiple.toFixed(2)),
    String(Math.round(replicaSeconds.mean)),
    p95Seconds === null ? "–" : p95Seconds.toFixed(1),
    String(Math.round(score.churn)),
    String(Math.round(score.clippedDecisions)),
    String(score.beats),
    String(score.isBeatenBy),
  ];
}

/** Throws `BadInputError` where the file has no place for it, before anything is computed. */
export async function readmeWith(file: string, markdown: string): Promise<string> {
  const text = await textOf(file, `--readme ${file}:`);
  const [begin, end] = [text.indexOf(MARKERS.begin), text.indexOf(MARKERS.end)];
  if (begin === -1 || end < begin) {
    throw new BadInputError(`--readme ${file}: has no '${MARKERS.begin}' with '${MARKERS.end}' after it`);
  }
  return `${text.slice(0, begin + MARKERS.begin.length)}\n\n${markdown}\n${text.slice(end)}`;
}

/** Replaces the table in a page. Rejects with `BadInputError` where the page has no markers. */
export async function updateReadme(file: string, markdown: string): Promise<void> {
  await writeFile(file, await readmeWith(file, markdown));
}
