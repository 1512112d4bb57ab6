/** Tables on pages that repeat what the code says. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";

import { AGENT_NAMES, FORMS, settingsOf, type AgentName, type AgentSettings } from "#shared/rl/agents.ts";
import type { Schedulable } from "#shared/rl/schedules.ts";
import { ADDITIONS } from "#test/adding/additions.ts";
import { checkPageTable } from "#test/support/page-table.ts";
import { tableUnder, textOf } from "#test/support/pages.ts";

test("README.md: the rules and agents have the figures of the full table", () => {
  const full = tableUnder("shared/evaluation/README.md", "compare-agents: begin");
  const figures = new Map(full.map(([policy, ...cells]) => [policy, cells.slice(0, 2)]));
  for (const [policy, ...cells] of tableUnder("README.md", "Results"))
    assert.deepEqual(cells, figures.get(policy), policy);
});

test("shared/rl/README.md: the agents differ as their tables say (UPDATE_README=1 writes it)", () => {
  const rows: readonly (readonly [what: string, of: (settings: AgentSettings) => string])[] = [
    ["observation", ({ layout }) => `\`${layout}\``],
    ["actions", ({ actions }) => `\`${actions}\``],
    ["objective", ({ objective }) => `\`${objective}\``],
    ["LSTM units", ({ hyperparameters: { lstm } }) => (lstm === null ? "no LSTM" : String(lstm))],
    ["entropy bonus", ({ hyperparameters: { entropyCoefficient } }) => schedule(entropyCoefficient)],
    ["learning rate", ({ hyperparameters: { learningRate } }) => schedule(learningRate)],
    ["discount γ", ({ hyperparameters: { discount } }) => String(discount)],
    ["environments", ({ hyperparameters: { environments } }) => String(environments)],
    ["steps per round", ({ hyperparameters: { rolloutSteps } }) => String(rolloutSteps)],
    ["epochs", ({ hyperparameters: { epochs } }) => String(epochs)],
    ["windows per episode", ({ hyperparameters: { episodeWindows } }) => String(episodeWindows)],
  ];
  const titles: Readonly<Record<AgentName, string>> = {
    ppo: "PPO",
    "lstm-ppo": "LSTM-PPO",
    "lstm-ppo-plus": "LSTM-PPO+",
  };
  const head = ["form", "", ...AGENT_NAMES.map((agent) => titles[agent])];
  const lines = FORMS.flatMap((form) =>
    rows.map(([what, of], i) => [
      i === 0 ? form : "",
      what,
      ...AGENT_NAMES.map((agent) => of(settingsOf(agent, form))),
    ]),
  );
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`.replaceAll("|  |", "| |");
  const table = [line(head), line(head.map(() => "---")), ...lines.map(line)];
  checkPageTable({ page: "shared/rl/README.md", name: "agents", lines: table });
});

function schedule(value: Schedulable): string {
  return typeof value === "number" ? String(value) : `${value.from} → ${value.to}`;
}

test("shared/README.md: the rooms are those of the tree, and import what dependency-cruiser allows", () => {
  interface Rule {
    readonly name: string;
    readonly to: { readonly pathNot?: readonly string[] };
  }
  const { forbidden } = createRequire(import.meta.url)("../../.dependency-cruiser.cjs") as {
    forbidden: readonly Rule[];
  };
  const folders = readdirSync("shared", { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const rooms = folders.map(({ name }) => name);
  const allowed = forbidden.flatMap(({ name, to }): [string, string][] => {
    const room = /^(.*)-imports-only-its-neighbours$/.exec(name)?.[1];
    if (room === undefined) return [];
    const others = to.pathNot!.map((path) => /shared\/([^/]+)\//.exec(path)![1]!).filter((other) => other !== room);
    const left = rooms.filter((other) => other !== room && !others.includes(other));
    // The shorter way to say it.
    const words = left.length < 4 ? `any room but ${left.join(", ")}` : others.join(", ") || "nothing";
    return [[room, words]];
  });

  const rows = tableUnder("shared/README.md", "Rooms").map(([room, , imports]) => [
    room!.replaceAll("`", ""),
    imports!,
  ]);
  assert.deepEqual(rows.map(([room]) => room).toSorted(), rooms.toSorted());
  for (const [room, imports] of rows) assert.equal(imports, new Map(allowed).get(room!), room);
});

test("shared/README.md: every dependency has its line", () => {
  const { dependencies, devDependencies, peerDependencies } = JSON.parse(
    readFileSync("package.json", "utf8"),
  ) as Record<string, Record<string, string>>;
  const page = textOf("shared/README.md");
  const rows = new Set(tableUnder("shared/README.md", "Dependencies").map(([name]) => /`([^`]+)`/.exec(name!)?.[1]));
  assert.deepEqual([...rows].sort(), Object.keys({ ...dependencies, ...peerDependencies }).sort());
  for (const name of Object.keys(devDependencies!)) assert.ok(page.includes(`\`${name}\``), name);
});

test("services/cli/README.md: every command has its place", () => {
  const names = [...textOf("services/cli/main.ts").matchAll(/^ {2}"?([a-z-]+)"?: \(\) => import\("\.\//gm)].map(
    ([, name]) => name!,
  );
  assert.ok(names.length > 10);
  const shown = tableUnder("services/cli/README.md", "Commands").flatMap(([cell]) =>
    [...cell!.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name!),
  );
  assert.deepEqual(shown.toSorted(), names.toSorted());
});

test("shared/README.md: what is added in a test is added where the page says", () => {
  const registries = tableUnder("shared/README.md", "How to add").map(([, , line]) => line!);
  for (const { list } of ADDITIONS)
    assert.ok(
      registries.some((line) => line.includes(`\`${list}\``)),
      list,
    );
});
