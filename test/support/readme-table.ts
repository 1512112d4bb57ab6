/** A table of the README that a test makes again: `UPDATE_README=1` writes it, else what stands there must be what comes out. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";

const README = "README.md";

/** The table stands between `<!-- name -->` and `<!-- /name -->`; figures are as good as equal below `tolerance`. */
export function checkReadmeTable(name: string, lines: readonly string[], tolerance: number): void {
  const block = new RegExp(`<!-- ${name} -->\\n([\\s\\S]*?)<!-- /${name} -->`);
  const table = [...lines, ""].join("\n");
  const text = readFileSync(README, "utf8");
  if (process.env["UPDATE_README"] === "1") {
    writeFileSync(README, text.replace(block, `<!-- ${name} -->\n${table}<!-- /${name} -->`));
    return;
  }
  const [shown, want] = [block.exec(text)![1]!, table].map((one) => one.split("\n"));
  assert.equal(shown!.length, want!.length);
  // A logarithm's last digit may differ from one Node.js to the next, and with it a figure's.
  want!.forEach((line, i) => {
    const [seen, now] = [shown![i]!, line].map((one) => one.split("|").map((cell) => cell.trim()));
    now!.forEach((cell, column) => {
      const isClose = Math.abs(Number(cell) - Number(seen![column])) < tolerance;
      assert.ok(cell === seen![column] || isClose, `${shown![i]!}\nis now\n${line}`);
    });
  });
}
