/** Arrays of numbers as bytes: 32-bit floats, little-endian, one array behind the other. */
import { BadInputError } from "../../core/errors.ts";

/** The arrays one after the other, as little-endian 32-bit floats. */
export function floatsToBytes(arrays: readonly Float32Array[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * arrays.reduce((sum, { length }) => sum + length, 0)));
  let at = 0;
  for (const array of arrays) {
    for (const value of array) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  return new Uint8Array(view.buffer);
}

/** Throws `BadInputError` unless the bytes are exactly so many finite numbers. */
export function bytesToFloats(name: string, bytes: Uint8Array, lengths: readonly number[]): Float32Array[] {
  const wanted = 4 * lengths.reduce((sum, length) => sum + length, 0);
  if (bytes.length !== wanted)
    throw new BadInputError(`${name}: must have ${wanted} bytes for this network, had: '${bytes.length}'`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  return lengths.map((length) => {
    const array = new Float32Array(length);
    for (let i = 0; i < length; i++, at += 4) {
      const value = view.getFloat32(at, true);
      if (!Number.isFinite(value))
        throw new BadInputError(`${name}: byte ${at} begins no finite number, was: '${value}'`);
      array[i] = value;
    }
    return array;
  });
}
