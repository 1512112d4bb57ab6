/** The asynchronous queue by itself: its bounds, and its end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { QueuedCall } from "../../../services/local-openfaas/gateway/async/item.ts";
import { AsyncQueue } from "../../../services/local-openfaas/gateway/async/queue.ts";
import { eventually } from "../../support/eventually.ts";

const aCall = (callId: string): QueuedCall => ({
  functionName: "f",
  path: "/",
  callId,
  headers: [],
  body: Buffer.alloc(10),
  callbackUrl: null,
});

/** A queue of one worker whose calls end when told, or when the queue stops them. */
function aQueue(maxCalls = 10) {
  const running = new Map<string, () => void>();
  const ended: string[] = [];
  const failed: string[] = [];
  const queue = new AsyncQueue({
    maxCalls,
    maxBytes: 1_000_000,
    workers: 1,
    run: (call, signal) =>
      new Promise((resolve, reject) => {
        running.set(call.callId, () => {
          ended.push(call.callId);
          resolve();
        });
        signal.addEventListener("abort", () => reject(new Error("stopped")));
      }),
    onError: (call) => failed.push(call.callId),
  });
  const add = (callId: string) => queue.push(aCall(callId)) === undefined;
  return { queue, running, ended, failed, add };
}

test("queue: calls run in their order, and each gives its room back", async () => {
  const { running, ended, add } = aQueue(2);
  assert.deepEqual([add("a"), add("b"), add("c")], [true, true, false]);
  running.get("a")!();
  await eventually(() => running.has("b"), { what: "the second call" });
  assert.equal(add("d"), true);
  running.get("b")!();
  await eventually(() => running.has("d"), { what: "the third call" });
  assert.deepEqual(ended, ["a", "b"]);
});

test("queue: closing lets the running call end, drops those that wait, and takes no more", async () => {
  const { queue, running, ended, failed, add } = aQueue();
  for (const callId of ["a", "b", "c"]) add(callId);
  const closed = queue.close(60_000);
  assert.equal(add("d"), false);
  assert.equal(queue.push(aCall("e")), "closed");
  running.get("a")!();
  assert.equal(await closed, 2);
  assert.deepEqual([ended, failed, [...running.keys()]], [["a"], [], ["a"]]);
});

test("queue: a running call that outlasts the grace is stopped", async () => {
  const { queue, failed, add } = aQueue();
  add("a");
  assert.equal(await queue.close(5), 0);
  assert.deepEqual(failed, ["a"]);
});
