/** The lease: one acts, the next takes over in time, and neither wrong clocks nor pauses make it two. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";

import { heldLease, LEASE_TIMES } from "#shared/adapters/lease/held-lease.ts";
import { natsLeaseStore } from "#shared/adapters/lease/nats-store.ts";
import { parseRecord, type LeaseRecord, type LeaseStore, type StoredLease } from "#shared/adapters/lease/record.ts";
import { monotonicClock } from "#shared/adapters/system-clock.ts";
import { ManualClock } from "#test/support/manual-clock.ts";
import type { Lease } from "#shared/ports/lease.ts";
import { eventually } from "#test/support/eventually.ts";
import { natsPrograms, testBroker, testNatsServer } from "#test/support/nats-server.ts";
import { TrueTime, type UnevenProcess } from "#test/support/uneven-clocks.ts";

/** What several stores below share, as several processes share a server. */
class Shelf {
  stored: StoredLease | null = null;
  /** Who does not reach it. */
  readonly cutOff = new Set<UnevenProcess>();
  #versions = 0;

  write(record: LeaseRecord, expected: string | null): string | null {
    if ((this.stored?.version ?? null) !== expected) return null;
    this.stored = { record, version: String(++this.#versions) };
    return this.stored.version;
  }
}

/** Reached from one process: asking and answering take time, and an answer finds the process running or waits for it. */
function storeFor(shelf: Shelf, process: UnevenProcess, latencyMs: () => number): LeaseStore {
  const across = async <T>(work: () => T): Promise<T> => {
    await process.world.sleep(latencyMs());
    let answer: T | undefined;
    let problem: unknown;
    try {
      if (shelf.cutOff.has(process)) throw new Error("the store is away");
      answer = work();
    } catch (thrown) {
      problem = thrown;
    }
    await process.world.sleep(latencyMs());
    await process.runs();
    if (problem !== undefined) throw problem as Error;
    return answer as T;
  };
  return {
    kind: "shelf",
    read: () => across(() => shelf.stored),
    write: (record, expected) => across(() => shelf.write(record, expected)),
    close: async () => {},
  };
}

interface Contender {
  readonly name: string;
  readonly process: UnevenProcess;
  readonly lease: Lease;
  readonly leave: AbortController;
}

function contenders(shelf: Shelf, clocks: readonly (readonly [offsetMs: number, pace: number])[], latencyMs = () => 5) {
  const world = new TrueTime();
  const all = clocks.map(([offsetMs, pace], i): Contender => {
    const process = world.process(offsetMs, pace);
    const leave = new AbortController();
    const name = `scaler-${i}`;
    const lease = heldLease({
      store: storeFor(shelf, process, latencyMs),
      holder: name,
      clock: process,
      log: () => {},
    });
    void lease.run(leave.signal);
    return { name, process, lease, leave };
  });
  const holders = () => all.filter(({ process, lease }) => !process.frozen && lease.isHeld(process.nowMs()));
  return { world, all, holders };
}

describe("lease", () => {
  test("one of two has it, at once; the fencing number is the holder's", async () => {
    const { world, holders } = contenders(new Shelf(), [
      [0, 1],
      [0, 1],
    ]);
    await world.advance(1_000);
    assert.equal(holders().length, 1);
    assert.equal(holders()[0]!.lease.fencing, 1);
  });

  test("a killed holder is followed within 10 s, with a higher number, not before its last act is over", async () => {
    const { world, holders } = contenders(new Shelf(), [
      [0, 1],
      [9e8, 1],
    ]);
    await world.advance(5_000);
    const [first] = holders();
    first!.process.freeze();
    const killedMs = world.nowMs;
    while (holders().length === 0) await world.advance(50);
    const tookMs = world.nowMs - killedMs;
    assert.ok(tookMs < 10_000 && tookMs > LEASE_TIMES.holdMs, `${tookMs} ms`);
    assert.equal(holders()[0]!.lease.fencing, 2);
    first!.process.thaw();
    assert.equal(first!.lease.isHeld(first!.process.nowMs()), false);
    await world.advance(2_000);
    assert.equal(holders().length, 1);
    assert.equal(first!.lease.fencing, null);
  });

  test("a holder that was paused alone goes on under its own number: nobody acted in the meantime", async () => {
    const { world, all, holders } = contenders(new Shelf(), [[0, 1]]);
    await world.advance(1_000);
    all[0]!.process.freeze();
    await world.advance(60_000);
    all[0]!.process.thaw();
    assert.equal(holders().length, 0);
    await world.advance(1_000);
    assert.equal(holders()[0]!.lease.fencing, 1);
  });

  test("given back in order, the next has it at its next look", async () => {
    const { world, holders } = contenders(new Shelf(), [
      [0, 1],
      [0, 1],
    ]);
    await world.advance(2_000);
    const [first] = holders();
    first!.leave.abort();
    await world.advance(2 * LEASE_TIMES.everyMs + 200);
    assert.equal(holders().length, 1);
    assert.notEqual(holders()[0]!.name, first!.name);
    assert.equal(holders()[0]!.lease.fencing, 2);
  });

  test("a store that is away: the holder stops in time; when it is back one has it again", async () => {
    const shelf = new Shelf();
    const { world, all, holders } = contenders(shelf, [
      [0, 1],
      [0, 1],
    ]);
    await world.advance(2_000);
    for (const { process } of all) shelf.cutOff.add(process);
    await world.advance(LEASE_TIMES.holdMs + 500);
    assert.equal(holders().length, 0);
    shelf.cutOff.clear();
    await world.advance(9_000);
    assert.equal(holders().length, 1);
  });

  test("a store that lost everything: nobody takes the lease while the old holder may still act", async () => {
    const shelf = new Shelf();
    const { world, holders } = contenders(shelf, [
      [0, 1],
      [0, 1],
    ]);
    await world.advance(2_000);
    const [first] = holders();
    shelf.stored = null;
    await world.advance(1_000, () => assert.ok(holders().every(({ name }) => name === first!.name)));
  });

  test("never two at a time, whatever the clocks say and whoever is paused", async () => {
    const step = fc.record({
      ms: fc.integer({ min: 50, max: 9_000 }),
      freeze: fc.option(fc.integer({ min: 0, max: 2 })),
      thaw: fc.option(fc.integer({ min: 0, max: 2 })),
      cutOff: fc.subarray([0, 1, 2]),
    });
    const clock = fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.double({ min: 0.96, max: 1.04, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(clock, clock, clock),
        fc.array(step, { minLength: 3, maxLength: 15 }),
        fc.array(fc.integer({ min: 0, max: 450 }), { minLength: 5, maxLength: 20 }),
        async (clocks, steps, latencies) => {
          const shelf = new Shelf();
          let asked = 0;
          const { world, all, holders } = contenders(shelf, clocks, () => latencies[asked++ % latencies.length]!);
          // An act may begin whenever its contender runs and holds; it is over at most actWithinMs (its own clock) later.
          const lastActEndsMs = new Map<string, number>();
          let highest = 0;
          const check = () => {
            for (const { name, lease, process } of holders()) {
              for (const [other, endsMs] of lastActEndsMs) {
                assert.ok(other === name || endsMs <= world.nowMs, `${name} acts while an act of ${other} may go on`);
              }
              lastActEndsMs.set(name, world.nowMs + lease.actWithinMs / process.pace);
              assert.ok(lease.fencing! >= highest, `fencing ${lease.fencing} after ${highest}`);
              highest = lease.fencing!;
            }
          };
          for (const { ms, freeze, thaw, cutOff } of steps) {
            if (freeze !== null) all[freeze]!.process.freeze();
            if (thaw !== null) all[thaw]!.process.thaw();
            shelf.cutOff.clear();
            for (const i of cutOff) shelf.cutOff.add(all[i]!.process);
            await world.advance(ms, check);
          }
          shelf.cutOff.clear();
          for (const { process } of all) process.thaw();
          await world.advance(20_000, check);
          assert.equal(holders().length, 1, "in the end one has it");
        },
      ),
      { numRuns: 60 },
    );
  });

  test("what is no record is nobody's to take at once", () => {
    for (const value of [
      null,
      {},
      { holder: 3, fencing: 1, takeAfterMs: 1 },
      { holder: "a", fencing: 1.5, takeAfterMs: 1 },
    ]) {
      assert.equal(parseRecord(value), null);
    }
  });
});

const open = (address: { readonly url: string; readonly token: string }) =>
  natsLeaseStore(
    { servers: address.url, token: address.token, name: "test", bucket: "replicant-lease", key: "scaler" },
    monotonicClock,
    () => {},
  );
const record: LeaseRecord = { holder: "a", fencing: 1, takeAfterMs: 7_000 };

const programs = natsPrograms();
if (programs.length === 0) test("lease on NATS", { skip: "no `nats-server` on PATH" }, () => {});
for (const { name, program } of programs) {
  test(`lease on ${name}: a write holds only against what was read; a restart loses nothing`, async (t) => {
    const server = await testNatsServer(program);
    t.after(() => server.close());
    const [one, other] = [(await open(server))!, (await open(server))!];
    t.after(() => Promise.all([one.close(), other.close()]));
    assert.equal(await one.read(), null);
    const version = (await one.write(record, null))!;
    assert.deepEqual(await other.read(), { record, version });
    assert.equal(await other.write({ ...record, holder: "b" }, null), null, "something is there already");
    const next = (await one.write({ ...record, fencing: 2 }, version))!;
    assert.equal(await other.write({ ...record, holder: "b" }, version), null, "it changed since");
    await server.kill();
    await assert.rejects(one.write(record, next));
    await server.restart();
    const found = await eventually(async () => await other.read(), { what: "the record after a restart" });
    assert.deepEqual(found, { record: { ...record, fencing: 2 }, version: next });
    await server.kill();
    await server.restart(true);
    const version2 = await eventually(async () => await other.write(record, null), { what: "a new bucket" });
    assert.ok(version2);
  });
}

test("lease on NATS without JetStream: there is none", async (t) => {
  const broker = await testBroker();
  t.after(() => broker.close());
  assert.equal(await open(broker), null);
});

test("a store that refuses is a sentence in the lease, gone when it answers", async () => {
  const clock = new ManualClock();
  const store = {
    ...{ kind: "refusing", refuses: true },
    read: async () => {
      if (store.refuses) throw new Error("answered 403: leases is forbidden");
      return null;
    },
    write: async () => "1",
    close: async () => {},
  };
  const lease = heldLease({ store, holder: "one", clock, log: () => {} });
  const ending = new AbortController();
  const running = lease.run(ending.signal);
  await eventually(() => lease.problem === "the lease could not be asked for: answered 403: leases is forbidden");
  store.refuses = false;
  await clock.advance(LEASE_TIMES.everyMs);
  await eventually(() => lease.problem === null && lease.isHeld(clock.nowMs()));
  ending.abort();
  await running;
});
