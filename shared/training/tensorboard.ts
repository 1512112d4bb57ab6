/** TensorBoard's event files: TFRecord frames around three small protocol buffers (Event, Summary, Summary.Value). */

/** A value under its tag. */
export interface Scalar {
  readonly tag: string;
  readonly value: number;
}

/** The first record of a file. */
export function versionEvent(nowMs: number): Uint8Array {
  return frame(event(nowMs, null, field(3, text("brain.Event:2"))));
}

/** A record of a TensorBoard event file: scalars of one step. */
export function scalarEvent(step: number, nowMs: number, scalars: readonly Scalar[]): Uint8Array {
  const values = scalars.map(({ tag, value }) => field(1, joined([field(1, text(tag)), float(2, value)])));
  return frame(event(nowMs, step, field(5, joined(values))));
}

/** Event: 1 wall_time (double, s), 2 step (int64), then its content. */
function event(nowMs: number, step: number | null, what: Uint8Array): Uint8Array {
  const wallTime = new DataView(new ArrayBuffer(9));
  wallTime.setUint8(0, (1 << 3) | 1);
  wallTime.setFloat64(1, nowMs / 1000, true);
  const stepField = step === null ? [] : [Uint8Array.of(2 << 3, ...varint(step))];
  return joined([new Uint8Array(wallTime.buffer), ...stepField, what]);
}

/** Length (u64), its checksum, the record, its checksum; all little-endian. */
function frame(record: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(12));
  header.setUint32(0, record.length, true);
  header.setUint32(8, maskedCrc(new Uint8Array(header.buffer, 0, 8)), true);
  const footer = new DataView(new ArrayBuffer(4));
  footer.setUint32(0, maskedCrc(record), true);
  return joined([new Uint8Array(header.buffer), record, new Uint8Array(footer.buffer)]);
}

/** A field whose content has a length. */
function field(number: number, content: Uint8Array): Uint8Array {
  return joined([Uint8Array.of((number << 3) | 2, ...varint(content.length)), content]);
}

function float(number: number, value: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(5));
  bytes.setUint8(0, (number << 3) | 5);
  bytes.setFloat32(1, value, true);
  return new Uint8Array(bytes.buffer);
}

/** Seven bits a byte, the lowest first. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
  bytes.push(left);
  return bytes;
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** CRC-32C (Castagnoli), rotated and shifted so that a checksum of checksums is not degenerate (TFRecord). */
function maskedCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});
