/** What became of each request: typed-array columns, 39 bytes a request, so that a million fits in memory. */
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
const CLASSES: readonly (ErrorClass | null)[] = [
  null,
  ...(["connect", "timeout", "reset", "429", "4xx", "502", "504", "5xx"] as const),
];

/** Row i is request i of the schedule. NaN = absent. */
export class RequestColumns {
  readonly sentMs: Float64Array;
  readonly firstByteMs: Float64Array;
  readonly endMs: Float64Array;
  readonly #serverSeconds: Float32Array;
  readonly #bytes: Uint32Array;
  readonly #status: Uint16Array;
  readonly #outcome: Uint8Array;
  readonly #errorClass: Uint8Array;

  constructor(readonly length: number) {
    this.sentMs = new Float64Array(length).fill(NaN);
    this.firstByteMs = new Float64Array(length).fill(NaN);
    this.endMs = new Float64Array(length).fill(NaN);
    this.#serverSeconds = new Float32Array(length).fill(NaN);
    this.#bytes = new Uint32Array(length);
    this.#status = new Uint16Array(length);
    this.#outcome = new Uint8Array(length);
    this.#errorClass = new Uint8Array(length);
  }

  /** Keeps a record; all but the call id, whose text would not stay flat. */
  put(record: RequestRecord): void {
    const { seq } = record;
    this.sentMs[seq] = record.sentMs ?? NaN;
    this.firstByteMs[seq] = record.firstByteMs ?? NaN;
    this.endMs[seq] = record.endMs ?? NaN;
    this.#serverSeconds[seq] = record.serverSeconds ?? NaN;
    this.#bytes[seq] = record.bytes;
    this.#status[seq] = record.status ?? 0;
    this.#outcome[seq] = OUTCOMES.indexOf(record.outcome);
    this.#errorClass[seq] = CLASSES.indexOf(record.errorClass);
  }

  /** Null for a request that was not reached before the replay was stopped. */
  outcome(seq: number): RequestOutcome | null {
    return OUTCOMES[this.#outcome[seq]!]!;
  }

  /** Why the request failed; null where it did not. */
  errorClass(seq: number): ErrorClass | null {
    return CLASSES[this.#errorClass[seq]!]!;
  }

  status(seq: number): number | null {
    return this.#status[seq]! || null;
  }

  bytes(seq: number): number {
    return this.#bytes[seq]!;
  }

  /** Seconds that the function itself reported; null where it did not. */
  serverSeconds(seq: number): number | null {
    const seconds = this.#serverSeconds[seq]!;
    return Number.isNaN(seconds) ? null : seconds;
  }
}
