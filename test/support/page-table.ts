/** A table of a page that a test makes again: `UPDATE_README=1` writes it; otherwise the page must show what comes out. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";

interface PageTable {
  readonly page: string;
  /** The table is between `<!-- name -->` and `<!-- /name -->`. */
  readonly name: string;
  readonly lines: readonly string[];
  /** Figures that differ by less are equal. */
  readonly tolerance?: number;
}

export function checkPageTable({ page, name, lines, tolerance = 0 }: PageTable): void {
  const block = new RegExp(`<!-- ${name} -->\\n([\\s\\S]*?)<!-- /${name} -->`);
  const table = [...lines, ""].join("\n");
  const text = readFileSync(page, "utf8");
  if (process.env["UPDATE_README"] === "1") {
    writeFileSync(
      page,
      text.replace(block, () => `<!-- ${name} -->\n${table}<!-- /${name} -->`),
    );
    return;
  }
  const shown = block.exec(text);
  assert.ok(shown, `${page} has no <!-- ${name} -->`);
  const [seen, want] = [shown[1]!, table].map((one) => one.split("\n"));
  assert.equal(seen!.length, want!.length, `${page}, ${name}: lines`);
  // A logarithm's last digit may differ from one Node.js to the next, and with it a figure's.
  want!.forEach((line, i) => {
    const [before, now] = [seen![i]!, line].map((one) => one.split("|").map((cell) => cell.trim()));
    now!.forEach((cell, column) => {
      const isClose = Math.abs(Number(cell) - Number(before![column])) < tolerance;
      assert.ok(cell === before![column] || isClose, `${seen![i]!}\nis now\n${line}`);
    });
  });
}
