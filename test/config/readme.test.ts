/** The README's table of settings is the table in the code: documentation that cannot drift. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { SETTINGS, type Setting } from "#shared/config/settings.ts";

const rows = Object.entries(SETTINGS).map(([name, { fallback, meaning, range }]: [string, Setting<unknown>]) => {
  return `| \`${name}\` | \`${fallback ?? "required"}\` | ${meaning} ${range[0]!.toUpperCase()}${range.slice(1)}. |`;
});

test("README: the settings are those of the code (UPDATE_README=1 writes them)", () => {
  const text = readFileSync("README.md", "utf8");
  const want = text.replace(
    /<!-- settings -->\n[\s\S]*?<!-- \/settings -->/,
    `<!-- settings -->\n${rows.join("\n")}\n<!-- /settings -->`,
  );
  if (process.env["UPDATE_README"] === "1") writeFileSync("README.md", want);
  else assert.equal(text, want);
});
