import assert from "node:assert/strict";
import { test } from "node:test";
import { startWorkerThread } from "#shared/adapters/worker-thread.ts";
import { eventually } from "#test/support/eventually.ts";

test("a thread finds its data, shares its memory, and stops in the middle of a wait", async () => {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const source = `
    const words = new Int32Array(data.buffer);
    Atomics.store(words, 0, data.answer);
    for (;;) Atomics.wait(words, 1, 0);
  `;
  const thread = startWorkerThread(source, { buffer: words.buffer, answer: 42 });
  await eventually(() => Atomics.load(words, 0) === 42, { what: "the thread's answer" });
  thread.stop();
  assert.equal(words[1], 0);
});
