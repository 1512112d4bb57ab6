/**
 * A schedule as bytes: little-endian, the same on every machine. Layout: the 8 bytes `RPLSCH1\n`, then float64
 * durationSeconds, float64 windowSeconds, uint32 n, then n float64 offsets, then n float32 work.
 */
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";

import type { Schedule } from "../traces/schedule.ts";

const MAGIC = "RPLSCH1\n";
const HEADER_BYTES = MAGIC.length + 8 + 8 + 4;
const REQUEST_BYTES = 8 + 4;

/** A schedule as bytes: a header, then each request's offset and work. */
export function encodeSchedule({ durationSeconds, windowSeconds, offsetSeconds, work }: Schedule): Uint8Array {
  const count = offsetSeconds.length;
  const bytes = new Uint8Array(HEADER_BYTES + count * REQUEST_BYTES);
  bytes.set(new TextEncoder().encode(MAGIC));
  const view = new DataView(bytes.buffer);
  view.setFloat64(8, durationSeconds, true);
  view.setFloat64(16, windowSeconds, true);
  view.setUint32(24, count, true);
  const workAt = HEADER_BYTES + count * 8;
  for (let i = 0; i < count; i++) {
    view.setFloat64(HEADER_BYTES + i * 8, offsetSeconds[i]!, true);
    view.setFloat32(workAt + i * 4, work[i]!, true);
  }
  return bytes;
}

/** SHA-256 in hex of the bytes; `sha256sum` of a written schedule says the same. */
export function scheduleDigest(schedule: Schedule): string {
  return createHash("sha256").update(encodeSchedule(schedule)).digest("hex");
}

/** Writes a schedule's file. */
export async function writeSchedule(path: string, schedule: Schedule): Promise<void> {
  await writeFile(path, encodeSchedule(schedule));
}
