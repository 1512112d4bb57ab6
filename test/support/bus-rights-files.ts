/** What is made of the table of bus users and committed: the server's file, and the table for people. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { rightsFile } from "#shared/adapters/nats/server-users.ts";
import { BUS_USER_NAMES, rightsOf } from "#shared/events/bus-users.ts";
import { SUBJECTS } from "#shared/events/subjects.ts";

const FOLDER = join(import.meta.dirname, "../../shared/deploy/nats");
const [BEGIN, END] = ["<!-- bus-users -->", "<!-- /bus-users -->"];

/** Each with its content as it must be. */
export function rightsFiles(): readonly { readonly file: string; readonly text: string }[] {
  const page = join(FOLDER, "README.md");
  return [
    { file: join(FOLDER, "rights.conf"), text: rightsFile("replicant") },
    { file: join(FOLDER, "../kubernetes/nats-rights.yml"), text: configMap(rightsFile("replicant")) },
    { file: page, text: withTable(readFileSync(page, "utf8"), usersTable()) },
  ];
}

export function writeRights(): void {
  for (const { file, text } of rightsFiles()) writeFileSync(file, text);
}

function configMap(rights: string): string {
  const indented = rights
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? "" : `    ${line}`));
  return [
    "# Made from shared/events/bus-users.ts; a test makes it again.",
    "apiVersion: v1",
    "kind: ConfigMap",
    "metadata: { name: nats-rights, namespace: replicant }",
    "data:",
    "  rights.conf: |",
    ...indented,
    "",
  ].join("\n");
}

function withTable(page: string, lines: readonly string[]): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`the page has no ${BEGIN} … ${END}`);
  return `${page.slice(0, from + BEGIN.length)}\n\n${lines.join("\n")}\n\n${page.slice(to)}`;
}

function usersTable(): string[] {
  const subjects = (kinds: readonly (keyof typeof SUBJECTS)[]) =>
    [...new Set(kinds)].map((kind) => SUBJECTS[kind].slice("replicant.".length)).join(", ") || "–";
  const rows = BUS_USER_NAMES.map((user) => {
    const { who, publishes, listens, shares, reads, writes, looksUp } = rightsOf(user);
    const keeps = [
      ...(looksUp ? ["looks up events"] : []),
      ...reads.map((store) => `reads ${store}`),
      ...writes.map((store) => `writes ${store}`),
    ];
    const receives = subjects([...listens, ...shares.map(({ kind }) => kind)]);
    return [`\`${user}\``, who, subjects(publishes), receives, keeps.join(", ") || "–"];
  });
  const cells = [["user", "who", "publishes", "receives", "stores"], ...rows];
  const line = (row: readonly string[]) => `| ${row.join(" | ")} |`;
  return [line(cells[0]!), line(cells[0]!.map(() => "---")), ...cells.slice(1).map(line)];
}

if (process.argv[1] === import.meta.filename) writeRights();
