/** The files of the log read again: every whole line in order, and what of them could not be read. */
import { join } from "node:path";

import type { Files } from "#shared/adapters/files/files.ts";

const SEGMENT = /^log-(\d{6,})\.ndjson$/;
const NEWLINE = 10;

/** The path of the file with that number. */
export function segmentPath(folder: string, number: number): string {
  return join(folder, `log-${String(number).padStart(6, "0")}.ndjson`);
}

/** What was found and is no line of ours any more. */
export interface SegmentLoss {
  /** The file's name. */
  readonly segment: string;
  /** Whole lines that are no JSON. */
  readonly damagedLines: number;
  /** Of a last line that a crash cut off: it was never acknowledged. */
  readonly cutBytes: number;
}

/** What the files of a folder hold. */
export interface FoundSegments {
  /** Ascending. */
  readonly numbers: readonly number[];
  readonly lines: readonly unknown[];
  readonly losses: readonly SegmentLoss[];
  /** Of the last file: up to here it is whole. */
  readonly wholeBytes: number;
}

/** Reads all files of the log, the oldest first. Rejects as the file system does. */
export async function readSegments(files: Files, folder: string): Promise<FoundSegments> {
  const numbers = (await files.list(folder)).flatMap((name) => SEGMENT.exec(name)?.[1] ?? []).map(Number);
  numbers.sort((a, b) => a - b);
  const lines: unknown[] = [];
  const losses: SegmentLoss[] = [];
  let wholeBytes = 0;
  for (const number of numbers) {
    const path = segmentPath(folder, number);
    const bytes = Buffer.from((await files.read(path)) ?? []);
    wholeBytes = bytes.lastIndexOf(NEWLINE) + 1;
    let damagedLines = 0;
    for (const line of bytes.toString("utf8", 0, wholeBytes).split("\n")) {
      if (line === "") continue;
      try {
        lines.push(JSON.parse(line));
      } catch {
        damagedLines++;
      }
    }
    const cutBytes = bytes.length - wholeBytes;
    const segment = path.slice(folder.length + 1);
    if (damagedLines > 0 || cutBytes > 0) losses.push({ segment, damagedLines, cutBytes });
  }
  return { numbers, lines, losses, wholeBytes };
}

/** For people: one sentence. */
export function lossInWords({ segment, damagedLines, cutBytes }: SegmentLoss): string {
  const damaged = `${damagedLines} damaged ${damagedLines === 1 ? "line" : "lines"} passed over`;
  const cut = `a last line of ${cutBytes} bytes cut off; it was never acknowledged`;
  return `${segment}: ${[...(damagedLines > 0 ? [damaged] : []), ...(cutBytes > 0 ? [cut] : [])].join(", and ")}`;
}
