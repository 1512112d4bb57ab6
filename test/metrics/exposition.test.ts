import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { BadInputError } from "#shared/core/errors.ts";
import { expositionParser, parseExposition } from "#shared/metrics/exposition.ts";
import { seriesId } from "#shared/metrics/series-id.ts";

const read = (text: string) =>
  parseExposition(text).map(({ series, value, timestampMs }) => [series.key, value, timestampMs]);

for (const { name, text, want } of [
  { name: "a bare counter", text: "up 1\n", want: [["up{}", 1, null]] },
  { name: "no newline at the end", text: "up 1", want: [["up{}", 1, null]] },
  { name: "labels come out sorted", text: 'x{b="2",a="1"} 3', want: [['x{a="1",b="2"}', 3, null]] },
  { name: "a trailing comma and blanks", text: 'x { a = "1" , } \t 3', want: [['x{a="1"}', 3, null]] },
  { name: "empty braces", text: "x{} 3", want: [["x{}", 3, null]] },
  { name: "an empty label is none", text: 'x{a=""} 3', want: [["x{}", 3, null]] },
  { name: "a timestamp", text: "x 3 -1395066363000", want: [["x{}", 3, -1395066363000]] },
  { name: "escapes", text: 'x{p="C:\\\\DIR\\n\\"q\\""} 1', want: [['x{p="C:\\\\DIR\\n\\"q\\""}', 1, null]] },
  { name: "braces, commas and hashes in a value", text: 'x{p="} {#,"} 1', want: [['x{p="} {#,"}', 1, null]] },
  {
    name: "exponents and signs",
    text: "a 1.5e-3\nb -2E+2\nc +.5\nd 1.",
    want: [
      ["a{}", 0.0015, null],
      ["b{}", -200, null],
      ["c{}", 0.5, null],
      ["d{}", 1, null],
    ],
  },
  {
    name: "NaN and infinities",
    text: "a NaN\nb +Inf\nc -Inf\nd inf",
    want: [
      ["a{}", NaN, null],
      ["b{}", Infinity, null],
      ["c{}", -Infinity, null],
      ["d{}", Infinity, null],
    ],
  },
  {
    name: "comments, empty lines, carriage returns",
    text: '# any\r\n\r\n# HELP x of {a="\r\nx 1\r\n',
    want: [["x{}", 1, null]],
  },
  {
    name: "a label named like a prototype's property",
    text: 'x{__proto__="1",constructor="2"} 1',
    want: [['x{__proto__="1",constructor="2"}', 1, null]],
  },
  { name: "nothing", text: "", want: [] },
]) {
  test(`exposition: ${name}`, () => assert.deepEqual(read(text), want));
}

for (const { name, line, want } of [
  { name: "no value", line: "x", want: /line 3: needs a number/ },
  { name: "a word as value", line: "x one", want: /line 3: needs a number .* was: 'x one'/ },
  { name: "a hexadecimal value", line: "x 0x10", want: /needs a number/ },
  { name: "a broken timestamp", line: "x 1 2.5", want: /needs a whole number of milliseconds/ },
  { name: "a name that begins with a digit", line: "9x 1", want: /must begin with a metric name/ },
  { name: "an unclosed brace", line: 'x{a="1" 1', want: /line 3/ },
  { name: "an unclosed quote", line: 'x{a="1} 1', want: /needs labels as name="value"/ },
  { name: "no comma between labels", line: 'x{a="1" b="2"} 1', want: /separated by commas/ },
  { name: "a label without quotes", line: "x{a=1} 1", want: /needs labels/ },
  { name: "a label given twice", line: 'x{a="1",a="2"} 1', want: /gives the label 'a' twice/ },
  { name: "an unknown type", line: "# TYPE x speed", want: /after TYPE/ },
]) {
  test(`exposition: ${name} is refused with its line`, () => {
    assert.throws(
      () => parseExposition(`ok 1\n\n${line}\n`),
      (thrown) => thrown instanceof BadInputError && want.test(thrown.message),
    );
  });
}

test("exposition: a long line is not quoted in full", () => {
  assert.throws(
    () => parseExposition(`x{a="${"y".repeat(5000)}} 1`),
    (thrown: Error) => thrown.message.length < 250,
  );
});

test("exposition: lines with a known type are passed over", () => {
  assert.deepEqual(read("# TYPE a counter\n# TYPE b histogram\na 1\n"), [["a{}", 1, null]]);
});

test("exposition: any labels and value written are read back", () => {
  const escape = (text: string) => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  const label = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,6}$/);
  const value = fc.string({ unit: "binary" }).map((text) => text.replaceAll("\r", ""));
  fc.assert(
    fc.property(fc.dictionary(label, value, { noNullPrototype: true }), fc.double(), (labels, number) => {
      const inside = Object.entries(labels).map(([k, v]) => `${k}="${escape(v)}"`);
      const text = `m{${inside.join(",")}} ${String(number).replace("Infinity", "Inf")}`;
      const [sample] = parseExposition(text);
      assert.equal(sample!.series.key, seriesId("m", labels).key);
      assert.ok(Object.is(sample!.value, number) || sample!.value === number);
    }),
  );
});

test("exposition: a parser gives the same series object in the next scrape", () => {
  const parse = expositionParser();
  const text = 'x{a="1"} 1\n';
  assert.equal(parse(text)[0]!.series, parse(text.replace(" 1\n", " 2\n"))[0]!.series);
});
