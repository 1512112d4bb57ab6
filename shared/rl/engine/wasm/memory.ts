/** The kernel's memory: what stays, and behind it a workspace that every call lays out again. */
import { BadInputError } from "#shared/core/errors.ts";

const PAGE_BYTES = 65_536;
/** 1 GiB of address space; only pages that are touched cost memory. The kernel declares the same. */
const MAX_PAGES = 16_384;

/** Bump allocation, no list of free blocks: calls of any size in any order leave no holes, so memory only follows the largest. */
export class KernelMemory {
  readonly memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true });
  floats!: Float32Array;
  doubles!: Float64Array;
  words!: Uint32Array;
  bytes!: Uint8Array;
  #top = 0;
  #workspace = 0;

  constructor() {
    this.#look();
  }

  /** Everything taken so far stays; `resetWorkspace` returns to here. */
  keep(): void {
    this.#workspace = this.#top;
  }

  resetWorkspace(): void {
    this.#top = this.#workspace;
  }

  skipTo(address: number): void {
    this.#top = address;
  }

  /** Bytes on a cache line of their own; contents are whatever lay there. */
  take(bytes: number): number {
    const address = Math.ceil(this.#top / 64) * 64;
    const end = address + bytes;
    refuseBeyond(MAX_PAGES * PAGE_BYTES, end);
    this.#top = end;
    if (end > this.bytes.length) {
      this.memory.grow(Math.ceil((end - this.bytes.length) / PAGE_BYTES));
      this.#look();
    }
    return address;
  }

  /** Copies the values into the workspace; returns their address in bytes. */
  putFloats(values: Float32Array): number {
    const address = this.take(values.byteLength);
    this.floats.set(values, address >> 2);
    return address;
  }

  /** Copies the values into the workspace; returns their address in bytes. */
  putInts(values: Int32Array): number {
    const address = this.take(values.byteLength);
    this.words.set(values, address >> 2);
    return address;
  }

  /** Copies the values into the workspace; returns their address in bytes. */
  putBytes(values: Uint8Array): number {
    const address = this.take(values.byteLength);
    this.bytes.set(values, address);
    return address;
  }

  /** A copy that outlives the workspace. */
  copyFloats(address: number, count: number): Float32Array {
    return this.floats.slice(address >> 2, (address >> 2) + count);
  }

  viewFloats(address: number, count: number): Float32Array {
    return this.floats.subarray(address >> 2, (address >> 2) + count);
  }

  /** Growing leaves old views at their old length. */
  #look(): void {
    const { buffer } = this.memory;
    this.floats = new Float32Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.words = new Uint32Array(buffer);
    this.bytes = new Uint8Array(buffer);
  }
}

/** A batch so large that sizes in 32 bits would wrap around must not even be laid out; `bytes` is an upper bound. */
export function refuseToWrap(bytes: number): void {
  refuseBeyond(2 ** 32 - 1, bytes);
}

function refuseBeyond(most: number, bytes: number): void {
  if (bytes <= most) return;
  const megabytes = Math.ceil(bytes / 2 ** 20);
  throw new BadInputError(
    `network and batch need ${megabytes} MiB of the wasm engine, which has 1024: make one of them smaller`,
  );
}
