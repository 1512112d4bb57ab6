/** How much a gateway takes on at once. */

/** Counts, bytes and milliseconds that bound what a gateway does. */
export interface GatewayLimits {
  /** A call as a whole, whatever the function allows itself. Default 60 s. */
  readonly upstreamTimeoutMs: number;
  /** How long an invocation waits for a ready replica. Default 100 s. */
  readonly holdMs: number;
  /** Invocations that run or wait for a replica, of all functions; beyond → 503. Default 2000. */
  readonly maxCalls: number;
  /** Of these, of one function, so that none takes every place; beyond → 429. Default 1000. */
  readonly maxCallsPerFunction: number;
  /** Asynchronous calls that run at the same time. Default 16. */
  readonly asyncWorkers: number;
  /** Of these, of one function, so that none takes every worker. Default 4. */
  readonly asyncWorkersPerFunction: number;
  /** Asynchronous calls that wait or run. Default 1000. */
  readonly asyncMaxCalls: number;
  /** Of these, of one function. Default 500. */
  readonly asyncMaxCallsPerFunction: number;
  /** Their bodies together. Default 64 MB. */
  readonly asyncMaxBytes: number;
  /** Of these, of one function. Default 32 MB. */
  readonly asyncMaxBytesPerFunction: number;
  /** One of their bodies, and a result that is posted to a callback. Default 8 MB. */
  readonly asyncMaxBodyBytes: number;
  /** Bodies of asynchronous calls that are on their way. Default 500. */
  readonly asyncMaxUploads: number;
  /** Of these, from one address. Default 250. */
  readonly asyncMaxUploadsPerAddress: number;
  /** Together. Default 32 MB. */
  readonly asyncMaxUploadBytes: number;
  /** One of them, from head to end. Default 30 s. */
  readonly asyncUploadTimeoutMs: number;
  /** One that comes in more slowly makes room for others first, after a second's grace. Default 16 kB. */
  readonly asyncUploadBytesPerSecond: number;
  /** Default 30 s. */
  readonly callbackTimeoutMs: number;
  /** Callbacks that are posted at the same time. Default 32. */
  readonly maxCallbacks: number;
  /** Of these, to one host, or to one function of ours. Default 4. */
  readonly maxCallbacksPerPlace: number;
  /** Results that wait for their turn; beyond, the place that most wait for loses its newest. Default 500. */
  readonly maxWaitingCallbacks: number;
  /** How long a reader of logs may read nothing of what waits for it. Default 30 s. */
  readonly logStallMs: number;
}

/** What holds where nothing else was asked for. */
export const defaultLimits: GatewayLimits = {
  upstreamTimeoutMs: 60_000,
  // As long as the real gateway polls: 1000 times, 100 ms apart.
  holdMs: 100_000,
  maxCalls: 2_000,
  maxCallsPerFunction: 1_000,
  asyncWorkers: 16,
  asyncWorkersPerFunction: 4,
  asyncMaxCalls: 1_000,
  asyncMaxCallsPerFunction: 500,
  asyncMaxBytes: 64 * 1024 * 1024,
  asyncMaxBytesPerFunction: 32 * 1024 * 1024,
  asyncMaxBodyBytes: 8 * 1024 * 1024,
  asyncMaxUploads: 500,
  asyncMaxUploadsPerAddress: 250,
  asyncMaxUploadBytes: 32 * 1024 * 1024,
  asyncUploadTimeoutMs: 30_000,
  asyncUploadBytesPerSecond: 16_000,
  callbackTimeoutMs: 30_000,
  maxCallbacks: 32,
  maxCallbacksPerPlace: 4,
  maxWaitingCallbacks: 500,
  logStallMs: 30_000,
};
