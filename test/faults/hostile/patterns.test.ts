/** No regular expression of the sources does more work than in proportion to its text: steps counted over growing texts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { attacksOn, judge, textOf } from "#test/support/patterns/attacks.ts";
import { patternsIn } from "#test/support/patterns/sources.ts";
import { search } from "#test/support/patterns/steps.ts";
import { parsePattern } from "#test/support/patterns/syntax.ts";
import { record } from "#test/support/faults/figures.ts";

const found = patternsIn(["functions", "services", "shared"]);
const distinct = [...new Map(found.patterns.map((each) => [`/${each.source}/${each.flags}`, each])).entries()];

for (const { name, pattern } of [
  { name: "scanning from every start (durations as they were)", pattern: /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g },
  { name: "a loop within a loop", pattern: /(a+)+$/ },
  { name: "two loops over the same letters", pattern: /^\d+\.?\d*$/ },
  { name: "an end sought from every start", pattern: /\/+$/ },
  { name: "a loop before what never comes", pattern: /[^/]*@/ },
  { name: "a look ahead from every place", pattern: /\B(?=(\d{3})+$)/g },
]) {
  test(`patterns: the check finds ${name}`, () => {
    const { worst } = judge(parsePattern(pattern.source, pattern.flags), pattern.flags);
    assert.ok(worst, `${pattern} passes as linear`);
  });
}

for (const pattern of [/^a+$/, /(?<!\/)\/+$/, /^[a-z]([-a-z]*[a-z])?$/, /,\s*x/, /^(.*?)(@30s|@bare)?$/, /[ \t]+/g]) {
  test(`patterns: the check leaves ${pattern} alone`, () => {
    assert.equal(judge(parsePattern(pattern.source, pattern.flags), pattern.flags).worst, null);
  });
}

test("patterns: the counting matcher finds what the language's own finds", () => {
  let compared = 0;
  for (const [, { source, flags, where }] of distinct) {
    const tree = parsePattern(source, flags);
    for (const attack of attacksOn(tree)) {
      const text = textOf(attack, 5);
      const { matches } = search(tree, flags, text, 1_000_000);
      const native = new RegExp(source, flags);
      const wanted = flags.includes("g") ? [...text.matchAll(native)].map(([whole]) => whole) : native.exec(text)?.[0];
      assert.deepEqual(flags.includes("g") ? matches : matches?.[0], wanted, `${where} on ${JSON.stringify(text)}`);
      compared++;
    }
  }
  assert.ok(compared > 10_000, `${compared} texts compared`);
});

test("patterns: each in the sources is linear", (t) => {
  const bent: string[] = [];
  let tried = 0;
  for (const [pattern, { source, flags, where }] of distinct) {
    const verdict = judge(parsePattern(source, flags), flags);
    tried += verdict.tried;
    if (!verdict.worst) continue;
    const { prefix, pump, suffix, steps } = verdict.worst;
    bent.push(`${where} ${pattern}: ${JSON.stringify([prefix, pump, suffix])} takes ${steps.join(", ")} steps`);
  }
  t.diagnostic(`${distinct.length} patterns in ${found.files} files, ${tried} texts: ${bent.length} super-linear`);
  assert.ok(distinct.length > 60, "the sources were not found");
  assert.deepEqual(bent, []);
  record(import.meta.filename, { inputs: tried });
});

test("patterns: none is put together at run time, where no check can read it", () => {
  assert.deepEqual(found.constructed, []);
});
