/** The walks through the system name files and what happens in them: both must be there. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

const PAGE = readFileSync("shared/SYSTEM.md", "utf8").replaceAll(/\n +/g, " ");
const STEP = /`((?:shared|services|functions)\/[\w./-]+)`(?::((?:,? `[\w.]+`)+))?/g;

const named = [...PAGE.matchAll(STEP)].map(([, file, symbols = ""]) => ({
  file: file!,
  symbols: [...symbols.matchAll(/`([\w.]+)`/g)].map(([, symbol]) => symbol!),
}));

test("the system's page names files by the dozen", () => assert.ok(named.length > 50));

for (const { file, symbols } of named) {
  test(`the system's page: ${[file, ...symbols].join(" ")}`, () => {
    assert.ok(existsSync(file), `${file} is not in the tree`);
    const text = readFileSync(file, "utf8");
    for (const symbol of symbols) assert.match(text, new RegExp(`\\b${symbol}\\b`), `${file} has no ${symbol}`);
  });
}
