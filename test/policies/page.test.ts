/** The table of rules on their page is made of the rules themselves. `UPDATE_README=1` writes it. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { RULES } from "#shared/policies/by-name.ts";

const PAGE = "shared/policies/README.md";
const BLOCK = /<!-- rules -->\n([\s\S]*?)<!-- \/rules -->/;

/** Options are as long as they are: a list, so that no line is. */
const lines = Object.values(RULES).flatMap(({ usage, about, tunable }) => {
  const [name, options = ""] = usage.replace(/\]$/, "").split(/\[?:/, 2);
  const tuned = tunable.map(({ key }) => (key === "" ? "the count" : key)).join(", ");
  return [
    `- \`${name!}\`: ${about}`,
    ...wrapped(options.split(",")).map((line) => `  ${line}`),
    ...(tuned === "" ? [] : [`  tuned: ${tuned}`]),
  ];
});

function wrapped(options: readonly string[]): string[] {
  const made: string[] = [];
  for (const option of options.filter((one) => one !== "")) {
    const quoted = `\`${option}\``;
    const last = made.at(-1);
    if (last !== undefined && last.length + quoted.length < 100) made[made.length - 1] = `${last} ${quoted}`;
    else made.push(quoted);
  }
  return made;
}

test("policies: the page lists every rule as it is", () => {
  const text = readFileSync(PAGE, "utf8");
  const want = `<!-- rules -->\n\n${lines.join("\n")}\n\n<!-- /rules -->`;
  if (process.env["UPDATE_README"] === "1") return writeFileSync(PAGE, text.replace(BLOCK, want));
  assert.equal(BLOCK.exec(text)![0], want);
});
