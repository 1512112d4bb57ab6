/** A recording: entries by name, each a few figures to read and a digest of every number. In the tree as one JSON file a subject. */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RECORDED } from "./places.ts";

export type Entries = Readonly<Record<string, unknown>>;

export function digestOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

export async function readEntries(subject: string): Promise<Entries> {
  return JSON.parse(await readFile(join(RECORDED, `${subject}.json`), "utf8")) as Entries;
}

export async function writeEntries(subject: string, entries: Entries): Promise<void> {
  const lines = Object.entries(entries).map(([name, entry]) => `  ${JSON.stringify(name)}: ${JSON.stringify(entry)}`);
  await writeFile(join(RECORDED, `${subject}.json`), `{\n${lines.join(",\n")}\n}\n`);
}

/** One sentence for each entry that is not as it was recorded. */
export function differences(subject: string, recorded: Entries, now: Entries): readonly string[] {
  return Object.entries(now)
    .filter(([name, entry]) => JSON.stringify(recorded[name]) !== JSON.stringify(entry))
    .map(
      ([name, entry]) =>
        `${subject}, ${name}: ${JSON.stringify(recorded[name])} was recorded, ${JSON.stringify(entry)} came`,
    );
}
