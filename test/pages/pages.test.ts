/** Every page is short enough to read, and what it points to exists. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { anchorsOf, linesOf, pages, textOf } from "#test/support/pages.ts";

const WIDTH = 130;
const README_LINES = 250;

test("README.md is at most 250 lines", () => {
  assert.ok(textOf("README.md").trimEnd().split("\n").length <= README_LINES);
});

for (const page of pages()) {
  test(`${page}: no line is longer than ${WIDTH} characters`, () => {
    const long = linesOf(page).filter(({ text, isInFence }) => {
      // A URL cannot be wrapped.
      const width = [...text.replaceAll(/https?:\/\/\S+/g, "")].length;
      return !isInFence && width > WIDTH;
    });
    assert.deepEqual(
      long.map(({ number, text }) => `${page}:${number} (${[...text].length}): ${text.slice(0, 60)}…`),
      [],
    );
  });

  test(`${page}: every link leads to a file, and to a heading in it`, () => {
    const links = linesOf(page)
      .filter(({ isInFence }) => !isInFence)
      .flatMap(({ text }) => [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!))
      .filter((target) => !/^[a-z]+:/.test(target));
    const broken = links.filter((link) => {
      const [path, anchor] = link.split("#");
      const file = path === "" ? page : join(dirname(page), path!);
      if (!existsSync(file)) return true;
      return anchor !== undefined && !anchorsOf(file).has(anchor);
    });
    assert.deepEqual(broken, []);
  });

  test(`${page}: every path in the tree that it names exists`, () => {
    const named = [...textOf(page).matchAll(/`((?:shared|services|functions|test|traces)\/[^`\s]*)`/g)]
      .map(([, path]) => path!.split("#")[0]!)
      // A pattern or a place-holder: `shared/NAME`.
      .filter(
        (path) => !/[*<>{}…]|[A-Z]{4}/.test(path.replace("README", "").replace("THREATS", "").replace("SYSTEM", "")),
      );
    assert.deepEqual(
      named.filter((path) => !existsSync(path)),
      [],
    );
  });
}
