/** The traces of the comparison: rules and agents learn on one split, and are held against each other on another. */
import { BadInputError } from "../../core/errors.ts";
import { traceSeconds } from "../../traces/trace.ts";
import { loadTrace } from "../../traces/load-trace.ts";
import { DEFAULT_MANIFEST, readManifest, splitEntries, type ManifestEntry, type Split } from "../files/manifest.ts";

/** The traces that contenders learn or are tuned on, and those that they are judged on. */
export interface ComparedData {
  readonly train: readonly ManifestEntry[];
  readonly validation: readonly ManifestEntry[];
}

/** The splits of the manifest; `small`: only each one's shortest trace. Throws `BadInputError` for an empty split. */
export async function comparedData(small: boolean): Promise<ComparedData> {
  const manifest = await readManifest(DEFAULT_MANIFEST);
  const of = async (split: Split) => {
    const entries = splitEntries(DEFAULT_MANIFEST, manifest, split);
    if (entries.length === 0) throw new BadInputError(`${DEFAULT_MANIFEST}: splits.${split} is empty`);
    return small ? [await shortest(entries)] : entries;
  };
  return { train: await of("train"), validation: await of("validation") };
}

async function shortest(entries: readonly ManifestEntry[]): Promise<ManifestEntry> {
  const seconds = await Promise.all(entries.map(async ({ trace }) => traceSeconds(await loadTrace(trace))));
  return entries[seconds.indexOf(Math.min(...seconds))]!;
}
