/** The shared memory of signatures on real NATS servers: two replicas, a restart, a server that is away or forgets. */
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";

import { natsSignatures } from "#shared/adapters/nats/signature-memory.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import { CallVerifier } from "#shared/host/call-verifier.ts";
import { signCall } from "#shared/host/signature.ts";
import { eventually } from "#test/support/eventually.ts";
import { natsPrograms, testBroker, testNatsServer, type TestServer } from "#test/support/nats-server.ts";

const KEY = "k".repeat(32);
const USED = { ok: false, because: "the signature was used before" };

async function memoryOn(t: TestContext, { url, token }: TestServer) {
  const options = { servers: [url], token, name: "test", bucket: "replicant-signatures" };
  const memory = await natsSignatures(options, systemClock, () => {});
  if (memory) t.after(() => memory.close());
  return memory;
}

/** A replica that was started long ago. */
async function replicaOn(t: TestContext, server: TestServer) {
  let skipMs = 0;
  const verifier = new CallVerifier({
    keys: () => [KEY],
    monotonicMs: () => performance.now() + skipMs,
    log: () => {},
  });
  skipMs = 3_600_000;
  const memory = await memoryOn(t, server);
  verifier.share(memory!);
  const take = (headers: Record<string, string>) =>
    verifier.judge({ headers, body: "{}", functionName: "f", nowMs: Date.now() }).once;
  return { verifier, take };
}

const signed = () => signCall(KEY, "f", "{}", Date.now());

for (const { name, program } of natsPrograms()) {
  describe(name, () => {
    test("a call is taken once by all replicas together, and not again after a restart of replica or server", async (t) => {
      const server = await testNatsServer(program);
      t.after(() => server.close());
      const [a, b] = [await replicaOn(t, server), await replicaOn(t, server)];
      const calls = Array.from({ length: 20 }, signed);
      const verdicts = await Promise.all(calls.flatMap((one) => [a.take(one), b.take(one)]));
      assert.equal(verdicts.filter(({ ok }) => ok).length, calls.length);
      const again = await replicaOn(t, server);
      for (const one of calls) assert.deepEqual(await again.take(one), USED);
      await server.kill();
      await server.restart();
      const later = await replicaOn(t, server);
      for (const one of calls) assert.deepEqual(await later.take(one), USED);
    });

    test("while the server is away each replica decides by itself; once it is back, though it forgot all, they share again", async (t) => {
      const server = await testNatsServer(program);
      t.after(() => server.close());
      const [a, b] = [await replicaOn(t, server), await replicaOn(t, server)];
      assert.deepEqual(await a.take(signed()), { ok: true });
      await server.kill();
      const meanwhile = signed();
      assert.deepEqual(await a.take(meanwhile), { ok: true });
      assert.deepEqual(await a.take(meanwhile), USED);
      assert.match(a.verifier.status().lastProblem!, /not connected|did not answer|closed|timeout/i);
      await server.restart(true);
      await eventually(
        async () => {
          assert.deepEqual(await a.take(signed()), { ok: true });
          return a.verifier.status().lastProblem === null;
        },
        { timeoutMs: 30_000, everyMs: 200 },
      );
      // What `a` took while there was no server is known to `b` now.
      await eventually(async () => (await b.take(signed())).ok && b.verifier.status().lastProblem === null, {
        timeoutMs: 30_000,
      });
      await eventually(async () => (await (await replicaOn(t, server)).take(meanwhile)).ok === false, {
        timeoutMs: 10_000,
      });
    });
  });
}

test("a bus without JetStream has no such memory", async (t) => {
  const broker = await testBroker();
  t.after(() => broker.close());
  assert.equal(await memoryOn(t, broker), null);
});
