import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  CallVerifier,
  SIGNATURE_HEADER,
  SIGNATURE_LIFE_MS,
  signCall,
  TIMESTAMP_HEADER,
} from "#shared/host/signature.ts";

const NOW_MS = 1_700_000_000_000;
const BODY = '{"replay":true}';

function signed(changes: { body?: string; functionName?: string; atMs?: number; key?: string } = {}) {
  const { body = BODY, functionName = "load-generator", atMs = NOW_MS, key = "k1" } = changes;
  return signCall(key, functionName, body, atMs);
}

describe("signed calls", () => {
  const call = (headers: Record<string, string>, changes: { body?: string; nowMs?: number } = {}) => ({
    headers,
    body: changes.body ?? BODY,
    functionName: "load-generator",
    nowMs: changes.nowMs ?? NOW_MS,
  });

  test("a signed call is accepted once", () => {
    const verifier = new CallVerifier("k1");
    const headers = signed();
    assert.deepEqual(verifier.verify(call(headers)), { ok: true });
    assert.deepEqual(verifier.verify(call(headers)), { ok: false, because: "the signature was used before" });
  });

  for (const { name, headers, because } of [
    { name: "unsigned", headers: {}, because: "the call is not signed" },
    {
      name: "without a time stamp",
      headers: { [SIGNATURE_HEADER]: signed()[SIGNATURE_HEADER]! },
      because: "the call is not signed",
    },
    { name: "signed with another key", headers: signed({ key: "k2" }), because: "the signature is wrong" },
    { name: "signed for another body", headers: signed({ body: "{}" }), because: "the signature is wrong" },
    {
      name: "signed for another function",
      headers: signed({ functionName: "stress" }),
      because: "the signature is wrong",
    },
    {
      name: "stale",
      headers: signed({ atMs: NOW_MS - SIGNATURE_LIFE_MS - 1 }),
      because: "the signature is too old or from the future",
    },
    {
      name: "from the future",
      headers: signed({ atMs: NOW_MS + SIGNATURE_LIFE_MS + 1 }),
      because: "the signature is too old or from the future",
    },
    {
      name: "with a time stamp moved to now",
      headers: { ...signed({ atMs: NOW_MS - 120_000 }), [TIMESTAMP_HEADER]: String(NOW_MS) },
      because: "the signature is wrong",
    },
    {
      name: "with a time stamp that is no number",
      headers: { ...signed(), [TIMESTAMP_HEADER]: "0x10" },
      because: "the time stamp is not a number of milliseconds",
    },
    {
      name: "with a signature cut short",
      headers: { ...signed(), [SIGNATURE_HEADER]: "sha256=ab" },
      because: "the signature is wrong",
    },
  ]) {
    test(`a call ${name} is refused`, () => {
      assert.deepEqual(new CallVerifier("k1").verify(call(headers)), { ok: false, because });
    });
  }

  test("a used signature cannot come back after it has been forgotten: by then it is stale", () => {
    const verifier = new CallVerifier("k1");
    const headers = signed({ atMs: NOW_MS });
    assert.equal(verifier.verify(call(headers)).ok, true);
    for (let afterMs = 0; afterMs <= 3 * SIGNATURE_LIFE_MS; afterMs += 5_000) {
      assert.equal(verifier.verify(call(headers, { nowMs: NOW_MS + afterMs })).ok, false);
    }
  });
});
