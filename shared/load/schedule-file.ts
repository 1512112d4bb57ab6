/**
 * A schedule as bytes: little-endian, the same on every machine. Layout: the 8 bytes `RPLSCH1\n`, then float64
 * durationSeconds, float64 windowSeconds, uint32 n, then n float64 offsets, then n float32 work.
 */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";

import { BadInputError, messageOf } from "../core/errors.ts";
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

/** Throws `BadInputError` when the bytes are no schedule; `name` begins its sentence. */
export function decodeSchedule(bytes: Uint8Array, name = "schedule"): Schedule {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = new TextDecoder("latin1").decode(bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC || bytes.length < HEADER_BYTES) throw new BadInputError(`${name}: is not a schedule`);
  const count = view.getUint32(24, true);
  const wantBytes = HEADER_BYTES + count * REQUEST_BYTES;
  if (bytes.length !== wantBytes) {
    throw new BadInputError(`${name}: ${count} requests take ${wantBytes} bytes, was ${bytes.length}`);
  }
  const workAt = HEADER_BYTES + count * 8;
  return {
    durationSeconds: view.getFloat64(8, true),
    windowSeconds: view.getFloat64(16, true),
    offsetSeconds: new Float64Array(count).map((_, i) => view.getFloat64(HEADER_BYTES + i * 8, true)),
    work: new Float32Array(count).map((_, i) => view.getFloat32(workAt + i * 4, true)),
  };
}

/** SHA-256 in hex of the bytes; `sha256sum` of a written schedule says the same. */
export function scheduleDigest(schedule: Schedule): string {
  return createHash("sha256").update(encodeSchedule(schedule)).digest("hex");
}

/** Writes a schedule's file. */
export async function writeSchedule(path: string, schedule: Schedule): Promise<void> {
  await writeFile(path, encodeSchedule(schedule));
}

/** Throws `BadInputError` when the file cannot be read or is no schedule. */
export async function readSchedule(path: string): Promise<Schedule> {
  const bytes = await readFile(path).catch((thrown: unknown) => {
    throw new BadInputError(`${path}: cannot be read (${messageOf(thrown)})`);
  });
  return decodeSchedule(bytes, path);
}
