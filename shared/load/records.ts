/** What became of each request: typed-array columns, 17 bytes a request, so that a million fits in memory. */
import type { ErrorClass, RequestOutcome } from "#shared/core/load.ts";

/** Whether a request counts. */
export type Phase = "warm-up" | "measured";

/** One request as a line of the record file. Instants are real milliseconds since the replay began. */
export interface RequestRecord {
  readonly runId: string;
  readonly seq: number;
  readonly phase: Phase;
  readonly functionName: string;
  readonly intendedMs: number;
  /** Null when shed. */
  readonly sentMs: number | null;
  readonly firstByteMs: number | null;
  /** Null when shed or unfinished. */
  readonly endMs: number | null;
  readonly status: number | null;
  readonly outcome: RequestOutcome;
  readonly errorClass: ErrorClass | null;
  /** Of the answer's body. */
  readonly bytes: number;
  /** Always 1: nothing is tried again. */
  readonly attempt: 1;
  /** `X-Duration-Seconds` of the answer. */
  readonly serverSeconds: number | null;
  /** `X-Call-Id` of the answer. */
  readonly callId: string | null;
}

const OUTCOMES: readonly (RequestOutcome | null)[] = [null, "ok", "error", "shed", "unfinished"];

/** What a replay is summed up from; row i is request i of the schedule. NaN = absent. */
export class RequestColumns {
  readonly sentMs: Float64Array;
  readonly endMs: Float64Array;
  readonly #outcome: Uint8Array;

  constructor(readonly length: number) {
    this.sentMs = new Float64Array(length).fill(NaN);
    this.endMs = new Float64Array(length).fill(NaN);
    this.#outcome = new Uint8Array(length);
  }

  /** Keeps how and when a request ended. */
  put({ seq, sentMs, endMs, outcome }: RequestRecord): void {
    this.sentMs[seq] = sentMs ?? NaN;
    this.endMs[seq] = endMs ?? NaN;
    this.#outcome[seq] = OUTCOMES.indexOf(outcome);
  }

  /** Null for a request that was not reached before the replay was stopped. */
  outcome(seq: number): RequestOutcome | null {
    return OUTCOMES[this.#outcome[seq]!]!;
  }
}
