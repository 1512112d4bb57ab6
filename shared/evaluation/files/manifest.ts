/** The manifest of traces: digests of the files, and which data is for training, for choosing, and for the last word. */
import { dirname, join } from "node:path";

import { BadInputError, messageOf } from "../../core/errors.ts";
import { LOAD_SPLITS, type LoadSplit } from "../../sim/loads/recipe.ts";
import { textOf } from "./text-of.ts";

/** The splits of the trace manifest, those of loads. */
export const SPLITS = LOAD_SPLITS;
/** One of `SPLITS`. */
export type Split = LoadSplit;

/** A trace of a split, and how its rates are scaled. */
export interface ManifestEntry {
  /** Relative to the manifest's folder; `#` selects a part. */
  readonly trace: string;
  /** What makes the needed replicas of the `stress` profile average about 1–5 and peak at about 5–14. */
  readonly rateScale: number;
}

/** The traces and their splits. */
export interface Manifest {
  /** SHA-256 by file name, hex. */
  readonly files: Readonly<Record<string, string>>;
  readonly splits: Readonly<Record<Split, readonly ManifestEntry[]>>;
}

/** The shipped trace manifest. */
export const DEFAULT_MANIFEST = "traces/manifest.json";

/** Throws `BadInputError` that names the file and the field. */
export async function readManifest(file: string): Promise<Manifest> {
  const found = parse(file, await textOf(file)) as { files?: unknown; splits?: unknown } | null;
  const need = (holds: boolean, sentence: string) => {
    if (!holds) throw new BadInputError(`${file}: ${sentence}`);
  };
  const isMap = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
  need(isMap(found) && isMap(found.files), "files must map names to digests");
  const files = (found as { files: Record<string, unknown> }).files;
  for (const [name, digest] of Object.entries(files)) {
    need(typeof digest === "string" && /^[0-9a-f]{64}$/.test(digest), `files.${name} must be a SHA-256 in hex`);
  }
  const splits = isMap(found!.splits) ? found!.splits : {};
  for (const split of SPLITS) {
    const entries = splits[split];
    need(Array.isArray(entries), `splits.${split} must be a list`);
    for (const entry of entries as unknown[]) {
      const { trace, rateScale } = (entry ?? {}) as { trace?: unknown; rateScale?: unknown };
      need(typeof trace === "string" && trace !== "", `splits.${split} has an entry without a trace`);
      need(
        typeof rateScale === "number" && rateScale > 0,
        `splits.${split}: '${String(trace)}' needs a rateScale above 0`,
      );
    }
  }
  return found as Manifest;
}

/** A split's traces as seen from the working folder. */
export function splitEntries(file: string, manifest: Manifest, split: Split): ManifestEntry[] {
  return manifest.splits[split].map((entry) => ({ ...entry, trace: join(dirname(file), entry.trace) }));
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new BadInputError(`${file}: is no JSON (${messageOf(thrown)})`);
  }
}
