/** Threads as something passed in: workers of Node, of a browser, or none. */

/** A running thread; `stop` ends it, in the middle of its work if need be. */
export interface Thread {
  stop(): void;
}

/**
 * Starts a thread that runs `source`, a plain script which finds `data` under that name. Data is cloned, shared memory
 * and WebAssembly modules are shared. The thread alone must not keep the process alive.
 */
export type StartThread = (source: string, data: unknown) => Thread;
