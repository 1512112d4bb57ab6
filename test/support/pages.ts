/** The pages of this repository, and what a reader finds on them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const SKIPPED = new Set(["node_modules", "dist", "template", "build", "fixtures", "recorded"]);

/** Paths of all Markdown pages, from the root. */
export function pages(folder = "."): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith(".") && !SKIPPED.has(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return pages(path);
      return entry.isFile() && entry.name.endsWith(".md") ? [path] : [];
    })
    .sort();
}

export function textOf(page: string): string {
  return readFileSync(page, "utf8");
}

export interface PageLine {
  readonly number: number;
  readonly text: string;
  readonly isInFence: boolean;
}

export function linesOf(page: string): PageLine[] {
  let isInFence = false;
  return textOf(page)
    .split("\n")
    .map((text, i) => {
      const isFence = text.trimStart().startsWith("```");
      if (isFence) isInFence = !isInFence;
      return { number: i + 1, text, isInFence: isInFence || isFence };
    });
}

/** Anchors as GitHub makes them of headings. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const headings = linesOf(page).filter(({ text, isInFence }) => !isInFence && /^#{1,6} /.test(text));
  return new Set(
    headings.map(({ text }) =>
      text
        .replace(/^#+ /, "")
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

/** Rows of the first table under a heading, head and rule left out. */
export function tableUnder(page: string, heading: string): string[][] {
  const lines = linesOf(page);
  const from = lines.findIndex(
    ({ text }) => text.replace(/^#+ /, "") === heading || text.startsWith(`<!-- ${heading}`),
  );
  if (from < 0) throw new Error(`${page} has no '${heading}'`);
  const first = lines.findIndex(({ text }, i) => i > from && text.startsWith("|"));
  const after = lines.findIndex(({ text }, i) => i > first && !text.startsWith("|"));
  return lines.slice(first + 2, after).map(({ text }) =>
    text
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
