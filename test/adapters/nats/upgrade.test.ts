/** A store of the version before, taken over; and what we leave behind, as the version before reads it when it comes back. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { Objm } from "@nats-io/obj";
import { connect } from "@nats-io/transport-node";

import { natsLeaseStore } from "#shared/adapters/lease/nats-store.ts";
import { digestOf, packed } from "#shared/adapters/model-registry/archive.ts";
import { natsRegistry } from "#shared/adapters/model-registry/nats.ts";
import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { setUpBus } from "#shared/adapters/nats/set-up.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import { encodeEvent } from "#shared/events/codec.ts";
import { checkpointFiles } from "#test/support/a-checkpoint.ts";
import { aModelEvent, numberOf } from "#test/support/an-event.ts";
import { eventually } from "#test/support/eventually.ts";
import { natsPrograms } from "#test/support/nats-server.ts";
import { standingServer } from "#test/support/nats-standing.ts";
import { passwordOf } from "#test/support/nats-users.ts";

const KINDS = ["window", "proposal", "applied", "model", "load"].map((kind) => `replicant.${kind}`);
const [ours, theirs] = [checkpointFiles({ seed: 1 }), checkpointFiles({ seed: 2 })];

for (const { name, program } of natsPrograms()) {
  test(`upgrade, ${name}: stream, consumer, lease and models of the version before go on, there and back`, async (t) => {
    const server = await standingServer(t, program, { isSetUp: false });
    const nc = await connect({ servers: server.host, user: "admin", pass: passwordOf("admin") });
    t.after(() => nc.close());
    const [jsm, js] = [await jetstreamManager(nc), jetstream(nc)];

    // As the version before leaves it: open to purges, plain message ids, a consumer in the middle, buckets that answer directly.
    await jsm.streams.add({ name: "REPLICANT", subjects: KINDS, max_bytes: 1_000_000, max_age: 3_600e9 });
    const durable = { durable_name: "connector-model-model", filter_subject: "replicant.model" };
    const manner = { ack_policy: "explicit", deliver_policy: "new", ack_wait: 30_000e6, max_ack_pending: 64 } as const;
    await jsm.consumers.add("REPLICANT", { ...durable, ...manner });
    for (const n of [1, 2])
      await js.publish("replicant.model", encodeEvent(aModelEvent(n)), { msgID: aModelEvent(n).id });
    const oldLease = await new Kvm(nc).create("replicant-lease", { history: 1 });
    await oldLease.create("scaler", new TextEncoder().encode('{"holder":"old","fencing":4,"takeAfterMs":1}'));
    const oldModels = await new Objm(nc).create("replicant-models");
    await oldModels.putBlob({ name: "stress/step-1" }, packed(theirs));

    const setUp = await setUpBus({ ...server.as("admin"), isOurServer: true }, systemClock, () => {});
    await setUp!.close();
    assert.equal((await jsm.streams.info("REPLICANT")).config.deny_purge, true);
    const [trainer, connector] = [await natsBus(server.as("trainer")), await natsBus(server.as("connector"))];
    const lease = (await natsLeaseStore(
      { ...server.as("scaler"), bucket: "replicant-lease", key: "scaler" },
      systemClock,
      () => {},
    ))!;
    const registry = (await natsRegistry(
      { ...server.as("trainer"), bucket: "replicant-models" },
      systemClock,
      () => {},
    ))!;
    t.after(() => Promise.all([trainer, connector, lease, registry].map((one) => one.close())));
    const heard: number[] = [];
    await connector.subscribe("model", async (event) => void heard.push(numberOf(event)), {
      ...{ durable: "connector-model", queue: "connector" },
    });
    await trainer.publish(aModelEvent(3));
    await eventually(() => heard.length === 3, { what: "the old events and the new one" });
    assert.deepEqual(heard, [1, 2, 3]);
    assert.equal((await lease.read())?.record.fencing, 4);
    assert.equal(digestOf(await registry.modelsOf("stress").read(1)), digestOf(theirs));

    // And back: the version before reads what we wrote, and writes over it.
    const found = await lease.read();
    await lease.write({ holder: null, fencing: 5, takeAfterMs: 1 }, found!.version);
    assert.match((await oldLease.get("scaler"))!.string(), /"fencing":5/);
    await registry.modelsOf("stress").write(1, ours);
    await registry.modelsOf("stress").write(2, ours);
    assert.deepEqual(Buffer.from((await oldModels.getBlob("stress/step-1"))!), Buffer.from(packed(ours)));
    await registry.modelsOf("stress").remove(2);
    assert.equal(await oldModels.getBlob("stress/step-2"), null);
    await oldModels.putBlob({ name: "stress/step-1" }, packed(theirs));
    assert.equal(digestOf(await registry.modelsOf("stress").read(1)), digestOf(theirs));
    await jsm.consumers.add("REPLICANT", { ...durable, ...manner });
    await js.publish("replicant.model", encodeEvent(aModelEvent(4)), { msgID: aModelEvent(4).id });
    await eventually(() => heard.length === 4, { what: "an event of the version before" });
  });
}
