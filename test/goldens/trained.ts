/** The shipped checkpoints, made again by their own commands for their first round: how many steps, and every weight. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { replicant } from "./command.ts";
import { ROOT } from "./places.ts";
import type { Entries } from "./records.ts";

interface TrainingRecord {
  readonly command: string;
  readonly early: unknown;
}

const recordIn = async (folder: string) =>
  JSON.parse(await readFile(join(folder, "training.json"), "utf8")) as TrainingRecord;

export async function trained(models: readonly string[]): Promise<Entries> {
  const folder = await mkdtemp(join(tmpdir(), "replicant-goldens-"));
  try {
    const entries: Record<string, unknown> = {};
    for (const model of models) {
      const { command } = await recordIn(join(ROOT, "shared/models", model));
      const out = join(folder, model);
      // The command begins with the program's name; it ends after one round, into another folder.
      const words = command.split(" ").slice(1);
      const instead: Readonly<Record<string, string>> = { "--steps": "1", "--out": out };
      await replicant(words.map((word, i) => instead[words[i - 1] ?? ""] ?? word));
      entries[model] = (await recordIn(out)).early;
    }
    return entries;
  } finally {
    await rm(folder, { recursive: true });
  }
}
