/** The report: one HTML file that loads nothing from elsewhere. Tables are in the page itself; figures are drawn when it opens. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { RunJob } from "../../matrix.ts";
import type { Run } from "../../run.ts";
import type { EvaluationResult } from "../result.ts";
import { escaped } from "./html.ts";
import { figuresSection, headSection, methodSection, resultsSection, summarySection } from "./sections.ts";

/** What the script draws from. */
interface ReportData extends Pick<EvaluationResult, "rows" | "cells" | "seeds"> {
  /** In the order in which they have their colours. */
  readonly policies: readonly string[];
  readonly timelines: readonly {
    readonly cell: number;
    readonly policy: string;
    readonly timeline: Run["timeline"];
  }[];
}

/** `assets`: the folder with the bundled script and the style sheet. */
export async function reportOf(
  result: EvaluationResult,
  jobs: readonly RunJob[],
  runs: readonly Run[],
  assets: string,
): Promise<string> {
  const [script, style] = await Promise.all(
    ["page.js", "style.css"].map((name) => readFile(join(assets, name), "utf8")),
  );
  const { rows, cells, seeds } = result;
  const timelines = jobs.flatMap(({ cell, policy }, i) => {
    const { timeline } = runs[i]!;
    return timeline === null ? [] : [{ cell, policy, timeline }];
  });
  const data: ReportData = { rows, cells, seeds, timelines, policies: result.policies.map(({ name }) => name) };
  const csp = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${csp}">
<link rel="icon" href="data:,">
<title>Replicant evaluation: ${escaped(titleOf(result))}</title>
<style>
${style!}
</style>
</head>
<body>
<main>
${headSection(result)}
${resultsSection(result)}
${summarySection(result)}
${figuresSection(result)}
${methodSection(result)}
</main>
<script type="application/json" id="data">${jsonInHtml(data)}</script>
<script>${script!.replaceAll("</script", "<\\/script")}</script>
</body>
</html>
`;
}

function titleOf({ policies, traces }: EvaluationResult): string {
  return `${policies.length} policies on ${traces.map(({ name }) => name).join(", ")}`;
}

/** JSON that cannot end its script element. */
function jsonInHtml(data: unknown): string {
  return JSON.stringify(data).replaceAll("<", "\\u003c");
}
