import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { CallVerifier, type InDoubt } from "#shared/host/call-verifier.ts";
import {
  checkSignature,
  NONCE_HEADER,
  SIGNATURE_HEADER,
  SIGNATURE_LIFE_MS,
  signCall,
  TIMESTAMP_HEADER,
  type CallTarget,
} from "#shared/host/signature.ts";
import type { SignatureMemory } from "#shared/ports/signature-memory.ts";
import { eventually } from "#test/support/eventually.ts";

const NOW_MS = 1_700_000_000_000;
const BODY = '{"replay":true}';

interface Changes extends CallTarget {
  readonly body?: string;
  readonly functionName?: string;
  readonly atMs?: number;
  readonly key?: string;
}

function signed(changes: Changes = {}) {
  const { body = BODY, functionName = "load-generator", atMs = NOW_MS, key = "k1", ...target } = changes;
  return signCall(key, functionName, body, atMs, target);
}

const call = (headers: Record<string, string>, changes: CallTarget & { body?: string; nowMs?: number } = {}) => ({
  headers,
  body: BODY,
  functionName: "load-generator",
  nowMs: NOW_MS,
  ...changes,
});

describe("signed calls", () => {
  test("a signed call is accepted, whichever key signed it, as text and as bytes", () => {
    for (const keys of [["k1"], ["k0", "k1"]]) {
      assert.equal(checkSignature(keys, call(signed())).ok, true);
      assert.equal(checkSignature(keys, { ...call(signed()), body: Buffer.from(BODY) }).ok, true);
    }
  });

  test("two calls of one instant are two signatures", () => {
    assert.notEqual(signed()[SIGNATURE_HEADER], signed()[SIGNATURE_HEADER]);
  });

  for (const [what, target] of [
    ["method", { method: "DELETE" }],
    ["path", { path: "/admin" }],
    ["query", { query: { run: "r1" } }],
    ["query's list", { query: { run: ["a", "b"] } }],
  ] as const) {
    test(`the ${what} is signed`, () => {
      assert.equal(checkSignature(["k1"], call(signed(target), target)).ok, true);
      const refused = { ok: false, because: "the signature is wrong" };
      assert.deepEqual(checkSignature(["k1"], call(signed(target))), refused);
      assert.deepEqual(checkSignature(["k1"], call(signed(), target)), refused);
    });
  }

  test("a query is the same in whatever order of its names, not of the values of one name", () => {
    const headers = signed({ query: { b: "2", a: ["3", "1"], "a b": "4" } });
    const takes = (query: Record<string, unknown>) => checkSignature(["k1"], call(headers, { query })).ok;
    assert.equal(takes({ "a b": "4", a: ["3", "1"], b: "2" }), true);
    assert.equal(takes({ "a b": "4", a: ["1", "3"], b: "2" }), false);
  });

  for (const { name, headers, because } of [
    { name: "unsigned", headers: {}, because: "the call is not signed" },
    {
      name: "without a time stamp",
      headers: { [SIGNATURE_HEADER]: signed()[SIGNATURE_HEADER]! },
      because: "the call is not signed",
    },
    {
      name: "without a nonce",
      headers: { ...signed(), [NONCE_HEADER]: "" },
      because: "the signature has no nonce",
    },
    {
      name: "with another nonce",
      headers: { ...signed(), [NONCE_HEADER]: "0123456789abcdef" },
      because: "the signature is wrong",
    },
    {
      name: "as the version before signs",
      headers: { [TIMESTAMP_HEADER]: String(NOW_MS), [SIGNATURE_HEADER]: `sha256=${"ab".repeat(32)}` },
      because: "the call is signed as before version 2: update the part that calls, then it is taken",
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
      because: "the signature is too old or from the future: its time is 60 s behind this clock",
    },
    {
      name: "from the future",
      headers: signed({ atMs: NOW_MS + SIGNATURE_LIFE_MS + 5_000 }),
      because: "the signature is too old or from the future: its time is 65 s ahead of this clock",
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
      headers: { ...signed(), [SIGNATURE_HEADER]: "v2=ab" },
      because: "the signature is wrong",
    },
  ]) {
    test(`a call ${name} is refused`, () => {
      assert.deepEqual(checkSignature(["k1"], call(headers)), { ok: false, because });
    });
  }
});

/** A memory that replicas share, which may be away. */
class SharedMemory implements SignatureMemory {
  readonly place = "shared memory";
  readonly noted = new Set<string>();
  isAway = false;
  asked = 0;

  async note(signature: string): Promise<"new" | "seen"> {
    this.asked++;
    if (this.isAway) throw new Error("away");
    if (this.noted.has(signature)) return "seen";
    this.noted.add(signature);
    return "new";
  }
}

describe("a call is good once", () => {
  const used = { ok: false, because: "the signature was used before" };

  /** A replica with clocks of its own; `nowMs`: its wall clock. */
  function replica(memory: SignatureMemory | null = null, inDoubt: InDoubt = "refuse") {
    const said: string[] = [];
    const time = { monotonicMs: 0, nowMs: NOW_MS };
    const verifier = new CallVerifier({
      keys: () => ["k1"],
      monotonicMs: () => time.monotonicMs,
      log: (line) => said.push(line),
    });
    if (memory) verifier.share(memory, inDoubt);
    const wait = (ms: number) => {
      time.monotonicMs += ms;
      time.nowMs += ms;
    };
    const take = (headers: Record<string, string>) => verifier.judge(call(headers, { nowMs: time.nowMs })).once;
    return { take, wait, time, said, verifier };
  }

  test("by one replica", async () => {
    const { take } = replica();
    const headers = signed();
    assert.deepEqual(await take(headers), { ok: true });
    assert.deepEqual(await take(headers), used);
  });

  test("by all replicas that share a memory, and after each was started anew", async () => {
    const memory = new SharedMemory();
    const headers = signed();
    assert.deepEqual(await replica(memory).take(headers), { ok: true });
    for (let i = 0; i < 3; i++) assert.deepEqual(await replica(memory).take(headers), used);
  });

  test("a replica without a shared memory refuses what was signed before it was started", async () => {
    const before = replica();
    const headers = signed();
    assert.deepEqual(await before.take(headers), { ok: true });
    const after = replica();
    after.time.nowMs += 1_000;
    const because = "the call was signed before this replica was started: sign it anew";
    assert.deepEqual(await after.take(headers), { ok: false, because });
    after.wait(100);
    assert.deepEqual(await after.take(signed({ atMs: after.time.nowMs - 50 })), { ok: true });
  });

  test("a caller whose clock is ahead: no call is taken again by a replica that was started anew, whenever it comes", async () => {
    let [taken, tried] = [0, 0];
    for (const memory of [null, new SharedMemory()]) {
      for (const aheadMs of [-30_000, -1_000, 0, 50, 150, 1_000, 20_000, 59_000]) {
        const before = replica(memory);
        before.wait(300_000);
        const headers = signed({ atMs: before.time.nowMs + aheadMs });
        if (!(await before.take(headers)).ok) continue;
        taken++;
        if (memory) memory.isAway = true;
        for (const startedAfterMs of [150, 2_000, 40_000]) {
          for (let upMs = 0; upMs <= 2 * SIGNATURE_LIFE_MS; upMs += upMs < 200 ? 10 : 500) {
            const after = replica(memory);
            after.time.nowMs = before.time.nowMs + startedAfterMs;
            after.wait(upMs);
            tried++;
            const verdict = await after.take(headers);
            assert.equal(verdict.ok, false, `${aheadMs} ms ahead, started after ${startedAfterMs}, up for ${upMs}`);
          }
        }
        if (memory) memory.isAway = false;
      }
    }
    assert.deepEqual([taken, tried > 5_000], [12, true]);
  });

  test("what a young replica cannot know is a sentence that says what to do", async () => {
    const alone = replica();
    alone.wait(120_000);
    const ahead = await alone.take(signed({ atMs: alone.time.nowMs + 20_000 }));
    const because =
      "the call's time is 20.0 s ahead of this clock, and no shared memory can be asked: set the caller's clock and sign it anew";
    assert.deepEqual(ahead, { ok: false, because });

    const memory = new SharedMemory();
    memory.isAway = true;
    const { take, wait, time } = replica(memory);
    wait(10_000);
    assert.deepEqual(await take(signed({ atMs: time.nowMs })), {
      ok: false,
      because:
        "this replica was started lately, and until the shared memory can be asked it does not know what was taken before: " +
        "sign the call anew, in 50 s at the latest",
    });
    const order = replica(memory, "take");
    order.wait(10_000);
    const taken = signed({ atMs: order.time.nowMs });
    assert.deepEqual(await order.take(taken), { ok: true });
    assert.equal((await order.take(signed({ atMs: order.time.nowMs + 1_000 }))).ok, false);
    memory.isAway = false;
    // It asks with every call until then.
    assert.deepEqual(await take(signed({ atMs: time.nowMs })), { ok: true });
    memory.isAway = true;
    wait(50_000);
    assert.deepEqual(await take(signed({ atMs: time.nowMs })), { ok: true });
  });

  test("no step of the clock closes the door for longer than a signature lives", async () => {
    for (const stepMs of [-3_600_000, -120_000, 120_000, 3_600_000]) {
      const { take, wait, time } = replica();
      wait(1_000);
      time.nowMs += stepMs; // caller and replica are on one machine
      assert.deepEqual(await take(signed({ atMs: time.nowMs })), { ok: true }, `${stepMs}`);
    }
    const { take, wait, time } = replica();
    // The caller's clock is 30 s behind: refused while the replica is younger than that.
    assert.equal((await take(signed({ atMs: time.nowMs - 30_000 }))).ok, false);
    wait(30_001);
    assert.equal((await take(signed({ atMs: time.nowMs - 30_000 }))).ok, true);
  });

  test("a clock that is set back makes no used signature good again", async () => {
    const { take, wait, time } = replica();
    wait(1_000);
    const headers = signed({ atMs: time.nowMs });
    assert.deepEqual(await take(headers), { ok: true });
    wait(600_000);
    for (let i = 0; i < 100; i++) await take(signed({ atMs: time.nowMs }));
    time.nowMs -= 600_000;
    assert.deepEqual(await take(headers), used);
  });

  test("what is remembered is bounded: old ones go when there are many", async () => {
    const { take, wait, time, verifier } = replica();
    for (let i = 0; i < 10_000; i++) {
      wait(100);
      await take(signed({ atMs: time.nowMs }));
    }
    assert.ok(verifier.remembered <= 4_096 + 1, `${verifier.remembered}`);
  });

  test("while the shared memory is away calls are taken, and it is updated when it is back", async () => {
    const memory = new SharedMemory();
    const { take, wait, time, said, verifier } = replica(memory);
    wait(SIGNATURE_LIFE_MS);
    memory.isAway = true;
    const first = signed({ atMs: time.nowMs });
    assert.deepEqual(await take(first), { ok: true });
    assert.deepEqual(await take(first), used);
    assert.equal(verifier.status().lastProblem, "away");
    assert.equal(memory.asked, 1);
    // It is left alone for a while: no call waits for it again and again.
    await take(signed({ atMs: time.nowMs }));
    assert.equal(memory.asked, 1);
    memory.isAway = false;
    wait(2_001);
    assert.deepEqual(await take(signed({ atMs: time.nowMs })), { ok: true });
    await eventually(() => memory.noted.size === 3);
    assert.equal(verifier.status().lastProblem, null);
    assert.equal(said.length, 2);
    const other = replica(memory);
    other.wait(5_000);
    assert.deepEqual(await other.take(first), used);
  });

  test("a used signature cannot come back after it has been forgotten: by then it is stale", async () => {
    const { take, wait } = replica();
    const headers = signed({ atMs: NOW_MS });
    assert.equal((await take(headers)).ok, true);
    for (let i = 0; i < 40; i++) {
      wait(5_000);
      assert.equal((await take(headers)).ok, false);
    }
  });
});
