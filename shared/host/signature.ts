/**
 * Signed calls: `/function/*` is open to whoever reaches the gateway, so a call that changes something carries an
 * HMAC-SHA-256 over method, function, path, query, time stamp, a number used once, and body; the key is a line of the secret
 * `replicant-key`.
 */
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";

/** When the call was signed, Unix milliseconds. */
export const TIMESTAMP_HEADER = "x-replicant-timestamp";
/** The number used once. */
export const NONCE_HEADER = "x-replicant-nonce";
/** `v2=` and the HMAC in hexadecimal. */
export const SIGNATURE_HEADER = "x-replicant-signature";
/** A signature is good for so long on either side of its time stamp. */
export const SIGNATURE_LIFE_MS = 60_000;

/** What was signed before method, path and query were. */
const FORMER = "sha256=";
const PRESENT = "v2=";

/** What a call asks for, as the function sees it: the gateway strips `/function/NAME`. */
export interface CallTarget {
  /** Default POST. */
  readonly method?: string;
  /** Default `/`. */
  readonly path?: string;
  readonly query?: Readonly<Record<string, unknown>>;
}

/** Headers that make a call to `functionName` with this body a signed one, good once. `nowMs`: wall clock. */
export function signCall(
  key: string,
  functionName: string,
  body: string,
  nowMs: number,
  target: CallTarget = {},
  nonce: string = randomUUID(),
): Record<string, string> {
  const timestamp = String(Math.round(nowMs));
  const signature = digest(key, messageOf({ ...target, functionName, timestamp, nonce }), body);
  return { [TIMESTAMP_HEADER]: timestamp, [NONCE_HEADER]: nonce, [SIGNATURE_HEADER]: `${PRESENT}${signature}` };
}

/** Whether a call may change something; else why not, in one sentence. */
export type Verdict = { readonly ok: true } | { readonly ok: false; readonly because: string };

/** A call as it was received, with all that was signed. */
export interface SignedCall extends CallTarget {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Exactly the bytes that were signed; text is taken as UTF-8. */
  readonly body: string | Uint8Array;
  readonly functionName: string;
  /** Wall clock. */
  readonly nowMs: number;
}

/** A signature that fits, and how old it is by the wall clock: below 0 where the caller's clock is ahead. */
export type Authentic = { readonly ok: true; readonly signature: string; readonly ageMs: number };
/** Why a signature does not fit, in one sentence. */
export type Refused = { readonly ok: false; readonly because: string };

/** Whether the caller claims to have signed. */
export function isSigned({ headers }: Pick<SignedCall, "headers">): boolean {
  return headers[SIGNATURE_HEADER] !== undefined;
}

/** Whether one of the keys signed this call, lately. Reads headers first, and the body only where they can be right. */
export function checkSignature(keys: readonly string[], call: SignedCall): Authentic | Refused {
  const { headers, body, functionName, nowMs } = call;
  const timestamp = headers[TIMESTAMP_HEADER];
  const nonce = headers[NONCE_HEADER];
  const claimed = headers[SIGNATURE_HEADER];
  if (typeof timestamp !== "string" || typeof claimed !== "string") return refuse("the call is not signed");
  if (claimed.startsWith(FORMER)) {
    return refuse("the call is signed as before version 2: update the part that calls, then it is taken");
  }
  if (typeof nonce !== "string" || !/^[\w-]{16,64}$/.test(nonce)) return refuse("the signature has no nonce");
  if (!/^\d{1,16}$/.test(timestamp)) return refuse("the time stamp is not a number of milliseconds");
  const ageMs = nowMs - Number(timestamp);
  if (Math.abs(ageMs) > SIGNATURE_LIFE_MS) {
    const seconds = Math.round(Math.abs(ageMs) / 1_000);
    return refuse(
      `the signature is too old or from the future: its time is ${seconds} s ${ageMs > 0 ? "behind" : "ahead of"} this clock`,
    );
  }
  const message = messageOf({ ...call, functionName, timestamp, nonce });
  const fits = keys.some((key) => equal(claimed, `${PRESENT}${digest(key, message, body)}`));
  return fits ? { ok: true, signature: claimed.slice(PRESENT.length), ageMs } : refuse("the signature is wrong");
}

const refuse = (because: string): Refused => ({ ok: false, because });

interface Message extends CallTarget {
  readonly functionName: string;
  readonly timestamp: string;
  readonly nonce: string;
}

function messageOf({ method = "POST", functionName, path = "/", query = {}, timestamp, nonce }: Message): string {
  return JSON.stringify([method, functionName, path || "/", pairsOf(query), timestamp, nonce]);
}

/** Names in one order, whoever parsed the query; the values of one name in theirs, for which comes first may matter. */
function pairsOf(query: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(query)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .flatMap(([name, value]) => [value].flat().map((one: unknown) => JSON.stringify([name, one])));
}

function digest(key: string, message: string, body: string | Uint8Array): string {
  return createHmac("sha256", key).update(`${message}\n`).update(body).digest("hex");
}

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
