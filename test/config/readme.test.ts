/** The list of settings on the operating page is the table in the code: documentation that cannot drift. */
import { test } from "node:test";

import { SETTINGS, type Setting } from "#shared/config/settings.ts";
import { checkPageTable } from "#test/support/page-table.ts";

const WIDTH = 130;

const lines = Object.entries(SETTINGS).flatMap(([name, { fallback, meaning, range }]: [string, Setting<unknown>]) => {
  const sentence = `${meaning} ${range[0]!.toUpperCase()}${range.slice(1)}.`;
  return wrapped(`- \`${name}\` (${fallback === undefined ? "required" : `\`${fallback}\``}): ${sentence}`);
});

function wrapped(text: string): string[] {
  const made: string[] = [];
  for (const word of text.split(" ")) {
    const last = made.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= WIDTH) made[made.length - 1] = `${last} ${word}`;
    else made.push(last === undefined ? word : `  ${word}`);
  }
  return made;
}

test("services/README.md: the settings are those of the code (UPDATE_README=1 writes them)", () => {
  checkPageTable({ page: "services/README.md", name: "settings", lines: ["", ...lines, ""] });
});
