/** An invocation that waits in the queue, as it was received. */

export interface QueuedCall {
  readonly functionName: string;
  /** Path and query for the function. */
  readonly path: string;
  readonly callId: string;
  /** Raw list of the caller's end-to-end headers. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly callbackUrl: URL | null;
}

/** What a call counts for in the queue's byte limit: the body, and a round sum for its head. */
export function weightBytes(bodyBytes: number): number {
  return bodyBytes + 1_024;
}
