/** The table of the agents: made in its small form, end to end; and the one that shared/evaluation/README.md shows. */
import assert from "node:assert/strict";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import { fileModelStore } from "#shared/adapters/model-store.ts";
import { decodeCheckpoint } from "#shared/rl/checkpoint/decode.ts";
import type { SimTotals } from "#shared/sim/simulate.ts";
import type { AgentComparison } from "#shared/evaluation/agents/comparison.ts";
import { MARKERS, readmeWith } from "#shared/evaluation/agents/markdown.ts";
import { scoresOf } from "#shared/evaluation/agents/scores.ts";
import { runCommand, temporaryFolder } from "#test/support/command.ts";

/** Head and first column of the table between the markers. */
function shapeOf(readme: string): { readonly columns: readonly string[]; readonly policies: readonly string[] } {
  const inside = readme.slice(readme.indexOf(MARKERS.begin), readme.indexOf(MARKERS.end));
  const rows = inside
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  // Who is on the front depends on the run.
  return { columns: rows[0] ?? [], policies: rows.slice(2).map(([name]) => name!.replace(/ ●$/, "")) };
}

const WANTED = [
  ...["ppo", "lstm-ppo", "lstm-ppo-plus"].flatMap((agent) => [`${agent} paper`, `${agent} corrected`]),
  "lstm-ppo-plus product, as shipped",
  ...["hpa", "kpa", "kpa@30s", "keda", "openfaas-ce", "openfaas-pro", "holt-winters", "hybrid-histogram"].map(
    (rule) => `${rule}, as it comes`,
  ),
  ...["fixed", "hpa", "kpa", "kpa@30s", "keda", "openfaas-ce", "openfaas-pro", "holt-winters"].map(
    (rule) => `${rule}, tuned`,
  ),
];

test("the small form makes the whole table; called again it makes nothing anew; the page's has the same shape", async (t) => {
  const folder = await temporaryFolder(t);
  const readme = join(folder, "README.md");
  await writeFile(readme, `# Mine\n\n${MARKERS.begin}\nof yesterday\n${MARKERS.end}\n\nand more\n`);
  const work = join(folder, "work");
  const words = ["compare-agents", "--small", "--work", work, "--readme", readme];
  const first = await runCommand(t, [...words, "--json"]);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /ppo paper, seed 1 …/);
  const comparison = JSON.parse(first.stdout) as AgentComparison;
  assert.deepEqual(
    comparison.scores.map(({ name }) => name),
    WANTED,
  );
  for (const { name, sloViolationShare, oracleMultiple } of comparison.scores) {
    assert.ok(sloViolationShare.mean >= 0 && sloViolationShare.mean <= 1 && oracleMultiple.mean > 0, name);
  }
  assert.ok(comparison.scores.some(({ isParetoOptimal }) => isParetoOptimal));

  const text = await readFile(readme, "utf8");
  assert.match(text, /^# Mine\n\n<!-- compare-agents: begin -->\n\nEach agent was trained for 2048 steps/);
  assert.ok(text.endsWith(`${MARKERS.end}\n\nand more\n`) && !text.includes("yesterday"));
  const shape = shapeOf(text);
  assert.deepEqual(shape.policies, WANTED);
  assert.deepEqual(shapeOf(await readFile("shared/evaluation/README.md", "utf8")), shape);

  const { record } = decodeCheckpoint(await fileModelStore(join(work, "models", "lstm-ppo-paper-1")).read(null));
  assert.match(record.command, /^replicant train --agent lstm-ppo --objective paper --steps 2048 --seed 1 /);
  const [evaluated] = record.evaluation!["traces"] as { sloViolationShare: number }[];
  const own = comparison.runs.find(({ name }) => name === "lstm-ppo paper")!;
  assert.equal(evaluated!.sloViolationShare, own.sloViolationShare);

  const again = await runCommand(t, words);
  assert.equal(again.code, 0, again.stderr);
  assert.doesNotMatch(again.stdout, / …/);
  assert.deepEqual((await readdir(work)).sort(), ["models", "results.json", "rules", "table.md"]);
  const { runs, scores } = JSON.parse(await readFile(join(work, "results.json"), "utf8")) as AgentComparison;
  assert.deepEqual([runs, scores], [comparison.runs, comparison.scores]);
});

describe("scores", () => {
  const run = (sloViolationShare: number, replicaSeconds: number) =>
    ({ sloViolationShare, replicaSeconds, p95Seconds: 1, churn: 2, clippedDecisions: 0 }) as SimTotals;

  test("means over traces, intervals over seeds; who beats which tuned rule on both axes", () => {
    const oracle = [
      [run(0, 100), run(0, 200)],
      [run(0, 100), run(0, 200)],
    ];
    const [learned, tuned, plain] = scoresOf(
      [
        {
          name: "learned",
          isTuned: false,
          runs: [
            [run(0.1, 100), run(0.1, 400)],
            [run(0.3, 100), run(0.3, 400)],
          ],
        },
        {
          name: "tuned",
          isTuned: true,
          runs: [
            [run(0.3, 200), run(0.3, 400)],
            [run(0.3, 200), run(0.3, 400)],
          ],
        },
        {
          name: "plain",
          isTuned: false,
          runs: [
            [run(0.5, 200), run(0.5, 400)],
            [run(0.5, 200), run(0.5, 400)],
          ],
        },
      ],
      oracle,
    );
    assert.equal(learned!.sloViolationShare.mean, 0.2);
    assert.deepEqual([learned!.sloViolationShare.lo, learned!.sloViolationShare.hi], [0.1, 0.3]);
    assert.deepEqual(learned!.oracleMultiple, { mean: 1.5, lo: 1.5, hi: 1.5 });
    assert.deepEqual([learned!.beats, learned!.isBeatenBy, learned!.isParetoOptimal], [1, 0, true]);
    assert.deepEqual([tuned!.beats, tuned!.isBeatenBy, tuned!.isParetoOptimal], [0, 0, false]);
    assert.deepEqual([plain!.beats, plain!.isBeatenBy], [0, 1]);
  });
});

test("a README without the markers is left alone, in one sentence, before anything is trained", async (t) => {
  const folder = await temporaryFolder(t);
  const readme = join(folder, "README.md");
  await writeFile(readme, "nothing\n");
  const work = join(folder, "work");
  const { code, stderr } = await runCommand(t, ["compare-agents", "--small", "--work", work, "--readme", readme]);
  assert.equal(code, 2);
  assert.match(stderr, /README\.md: has no '<!-- compare-agents: begin -->' with/);
  await assert.rejects(readmeWith(join(folder, "none.md"), ""), /cannot be read/);
  assert.deepEqual(await readdir(folder), ["README.md"]);
});
