/** Typed arrays of a pool that has grown. */

/** A copy with room for `length` numbers; those that are new are 0. */
export function longer<A extends Float64Array | Int32Array | Uint8Array>(old: A, length: number): A {
  const fresh = new (old.constructor as new (length: number) => A)(length);
  fresh.set(old);
  return fresh;
}
