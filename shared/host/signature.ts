/**
 * Signed calls: `/function/*` is open to whoever reaches the gateway, so a call that changes something carries
 * an HMAC-SHA-256 over time stamp, function and body, keyed by the secret `replicant-key`.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

export const TIMESTAMP_HEADER = "x-replicant-timestamp";
export const SIGNATURE_HEADER = "x-replicant-signature";
/** A signature is good for so long on either side of its time stamp. */
export const SIGNATURE_LIFE_MS = 60_000;

/** Headers that make a call to `functionName` with this body a signed one. */
export function signCall(key: string, functionName: string, body: string, nowMs: number): Record<string, string> {
  const timestamp = String(Math.round(nowMs));
  return { [TIMESTAMP_HEADER]: timestamp, [SIGNATURE_HEADER]: `sha256=${digest(key, timestamp, functionName, body)}` };
}

export type Verdict = { readonly ok: true } | { readonly ok: false; readonly because: string };

export interface SignedCall {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Exactly the bytes that were signed, as text. */
  readonly body: string;
  readonly functionName: string;
  readonly nowMs: number;
}

/** Checks signatures and remembers the good ones while they live, so that none counts twice. */
export class CallVerifier {
  readonly #seenUntilMs = new Map<string, number>();

  constructor(readonly key: string) {}

  verify({ headers, body, functionName, nowMs }: SignedCall): Verdict {
    const timestamp = headers[TIMESTAMP_HEADER];
    const signature = headers[SIGNATURE_HEADER];
    if (typeof timestamp !== "string" || typeof signature !== "string") return refuse("the call is not signed");
    const atMs = Number(timestamp);
    if (!/^\d{1,16}$/.test(timestamp)) return refuse("the time stamp is not a number of milliseconds");
    if (Math.abs(nowMs - atMs) > SIGNATURE_LIFE_MS) return refuse("the signature is too old or from the future");
    const want = `sha256=${digest(this.key, timestamp, functionName, body)}`;
    if (!equal(signature, want)) return refuse("the signature is wrong");
    this.#forget(nowMs);
    if (this.#seenUntilMs.has(want)) return refuse("the signature was used before");
    this.#seenUntilMs.set(want, atMs + SIGNATURE_LIFE_MS);
    return { ok: true };
  }

  #forget(nowMs: number): void {
    for (const [signature, untilMs] of this.#seenUntilMs) if (untilMs < nowMs) this.#seenUntilMs.delete(signature);
  }
}

const refuse = (because: string): Verdict => ({ ok: false, because });

function digest(key: string, timestamp: string, functionName: string, body: string): string {
  return createHmac("sha256", key).update(`${timestamp}\n${functionName}\n${body}`).digest("hex");
}

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
