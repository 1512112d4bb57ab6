/** The asynchronous queue by itself: its bounds, and its end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AsyncQueue, type QueuedCall } from "#services/local-openfaas/gateway/async/queue.ts";
import { defaultLimits } from "#services/local-openfaas/gateway/limits.ts";
import { eventually } from "#test/support/eventually.ts";

const aCall = (callId: string, functionName = "f"): QueuedCall => ({
  functionName,
  path: "/",
  callId,
  headers: [],
  body: Buffer.alloc(10),
  callbackUrl: null,
});

/** A queue whose calls end on request, or when the queue stops them. */
function aQueue(asyncMaxCalls = 10, asyncWorkers = 1) {
  const running = new Map<string, () => void>();
  const ended: string[] = [];
  const failed: string[] = [];
  const queue = new AsyncQueue({
    limits: { ...defaultLimits, asyncMaxCalls, asyncMaxCallsPerFunction: 5, asyncWorkers, asyncWorkersPerFunction: 2 },
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
  const add = (callId: string, functionName?: string) => queue.push(aCall(callId, functionName)) === undefined;
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

test("queue: calls of a function that has all its workers are passed over, in their order", async () => {
  const { running, add } = aQueue(10, 3);
  for (const callId of ["a", "b", "c", "d"]) add(callId);
  for (const callId of ["x", "y"]) add(callId, "other");
  assert.deepEqual([...running.keys()], ["a", "b", "x"]);
  running.get("b")!();
  await eventually(() => running.size === 4, { what: "the next call" });
  running.get("a")!();
  await eventually(() => running.size === 5, { what: "the one after it" });
  assert.deepEqual([...running.keys()].slice(3), ["c", "d"]);
});

test("queue: a function has its part of the places, and gets it back", async () => {
  const { queue, running, add } = aQueue(10, 3);
  for (const callId of ["a", "b", "c", "d", "e"]) assert.equal(add(callId), true);
  assert.equal(queue.push(aCall("f")), "full for this function");
  assert.equal(add("x", "other"), true);
  running.get("a")!();
  await eventually(() => running.has("c"), { what: "the next call" });
  assert.equal(add("f"), true);
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
