/** What a replay will send, all of it, before it sends anything. */

/** Structure of arrays: entry i is request number i, ascending in time. */
export interface Schedule {
  /** Length of what is replayed, seconds of trace time. */
  readonly durationSeconds: number;
  /** Intended instants from the start, seconds of trace time. */
  readonly offsetSeconds: Float64Array;
  /** Relative work (1 = the function's mean). */
  readonly work: Float32Array;
  /** Width of the windows it is judged by, seconds. */
  readonly windowSeconds: number;
}
