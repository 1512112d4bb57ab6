/** Events forged with another part's credentials, and through what a server does for a caller: each kind, each way, on each server. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { jetstreamManager } from "@nats-io/jetstream";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";

import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { encodeEvent } from "#shared/events/codec.ts";
import { permissionsOf } from "#shared/events/bus-permissions.ts";
import { BUS_USER_NAMES, rightsOf, type BusUser } from "#shared/events/bus-users.ts";
import { EVENT_KINDS, SUBJECTS } from "#shared/events/subjects.ts";
import { aModelEvent, numberOf } from "#test/support/an-event.ts";
import { eventually } from "#test/support/eventually.ts";
import { natsPrograms } from "#test/support/nats-server.ts";
import { standingServer, type StandingServer } from "#test/support/nats-standing.ts";
import { passwordOf, rawClient, serversWithUsers } from "#test/support/nats-users.ts";
import { record } from "../support/figures.ts";

const connectAs = (server: StandingServer, user: BusUser | "admin"): Promise<NatsConnection> =>
  connect({ servers: server.host, user, pass: passwordOf(user), inboxPrefix: `_INBOX.${user}` });

for (const server of serversWithUsers()) {
  test(`forged, ${server.name}: no part publishes what is another's to say`, async (t) => {
    const host = await server.start(t);
    let refused = 0;
    for (const user of BUS_USER_NAMES) {
      const foreign = EVENT_KINDS.filter((kind) => !(rightsOf(user).publishes as readonly string[]).includes(kind));
      const body = Buffer.from(encodeEvent(aModelEvent(1))).toString("latin1");
      const client = await rawClient(t, host, user);
      const said = await client.refusals(foreign.map((kind) => `PUB ${SUBJECTS[kind]} ${body.length}\r\n${body}\r\n`));
      foreign.forEach((kind, i) =>
        assert.deepEqual(said[i], [`Permissions Violation for Publish to "${SUBJECTS[kind]}"`], `${user}: ${kind}`),
      );
      refused += foreign.length;
    }
    record(import.meta.filename, { tried: refused, held: refused, refused });
  });
}

for (const { name, program } of natsPrograms()) {
  test(`forged, ${name}: what the server sends to a reply subject is passed over, plain and durable`, async (t) => {
    const server = await standingServer(t, program);
    const collector = await natsBus(server.as("metrics-collector"));
    const connector = await natsBus(server.as("connector"));
    t.after(() => Promise.all([collector.close(), connector.close()]));
    const decided: string[] = [];
    const listening = await natsBus(server.as("dashboard"));
    t.after(() => listening.close());
    await listening.subscribe("applied", async ({ id }) => void decided.push(id));
    const durable = { durable: "connector-applied", queue: "connector" };
    await connector.subscribe("applied", async ({ id }) => void decided.push(id), durable);

    // With every right there is, as it would be without the table: the bare bytes of a bucket, under the victim's subject.
    const admin = await connectAs(server, "admin");
    t.after(() => admin.close());
    const jsm = await jetstreamManager(admin);
    await jsm.streams.add({ name: "KV_evil", subjects: ["$KV.evil.>"], allow_direct: true });
    const forged = Buffer.from(encodeEvent(aModelEvent(7)))
      .toString()
      .replaceAll("replicant.model", "replicant.applied");
    await admin.request("$KV.evil.x", forged.replace('"trainer"', '"scaler"'));
    const ask = Buffer.from(JSON.stringify({ last_by_subj: "$KV.evil.x" }));
    admin.publish("$JS.API.DIRECT.GET.KV_evil", ask, { reply: "replicant.applied" });
    admin.publish("$JS.API.STREAM.MSG.GET.KV_evil", ask, { reply: "replicant.applied" });
    await eventually(() => listening.counters().foreign + listening.counters().undecodable >= 2, {
      what: "both passed over",
    });
    assert.equal(listening.counters().foreign, 1, "the direct answer is known by its headers");
    const { foreign, undecodable } = connector.counters();
    await eventually(() => connector.counters().foreign + connector.counters().undecodable >= 2, {
      what: `both kept and passed over, ${foreign} and ${undecodable}`,
    });
    assert.equal(connector.counters().foreign, 1);
    assert.deepEqual(decided, []);
    record(import.meta.filename, { tried: 4, held: 4 });
  });

  test(`forged, ${name}: no part's receipt, answer or message is a purge`, async (t) => {
    const server = await standingServer(t, program);
    const collector = await natsBus(server.as("metrics-collector"));
    const trainer = await natsBus(server.as("trainer"));
    t.after(() => Promise.all([collector.close(), trainer.close()]));
    for (let n = 1; n <= 5; n++) await trainer.publish(aModelEvent(n));
    const admin = await connectAs(server, "admin");
    t.after(() => admin.close());
    const jsm = await jetstreamManager(admin);
    const kept = async () => (await jsm.streams.info("REPLICANT")).state.messages;
    const calls = ["STREAM.PURGE", "STREAM.DELETE", "STREAM.MSG.DELETE", "STREAM.UPDATE"];
    let tried = 0;
    for (const user of BUS_USER_NAMES) {
      const client = await connectAs(server, user);
      for (const call of calls) {
        const reply = `$JS.API.${call}.REPLICANT`;
        for (const subject of permissionsOf(user, "replicant").publish.filter((one) => !/[*>]/.test(one))) {
          client.publish(subject, '{"seq":1}', { reply });
          tried++;
        }
      }
      await client.flush();
      await client.close();
    }
    // The last of them has been worked on when this one is there.
    const before = await kept();
    await trainer.publish(aModelEvent(6));
    const { state } = await jsm.streams.info("REPLICANT");
    assert.equal(state.first_seq, 1);
    assert.equal(state.num_deleted ?? 0, 0);
    assert.ok(before >= 5);
    await assert.rejects(jsm.streams.purge("REPLICANT"), /purge/, "not even who may ask");
    record(import.meta.filename, { tried, held: tried, refused: tried, acknowledgedLost: 0 });
  });

  test(`forged, ${name}: an id that a part will use next is not another's to take`, async (t) => {
    const server = await standingServer(t, program);
    const collector = await natsBus(server.as("metrics-collector"));
    const trainer = await natsBus(server.as("trainer"));
    t.after(() => Promise.all([collector.close(), trainer.close()]));
    const thief = await connectAs(server, "load-generator");
    t.after(() => thief.close());
    const next = aModelEvent(1);
    for (const claimed of [next.id, `trainer:${next.id}`]) {
      const claim = headers();
      claim.set("Nats-Msg-Id", claimed);
      await thief.request(SUBJECTS.load, "{}", { headers: claim, timeout: 5_000 });
    }
    const heard: number[] = [];
    const connector = await natsBus(server.as("connector"));
    t.after(() => connector.close());
    await connector.subscribe("model", async (event) => void heard.push(numberOf(event)), {
      ...{ durable: "connector-model", queue: "connector" },
    });
    await trainer.publish(next);
    await trainer.publish(next);
    await trainer.publish(aModelEvent(2));
    await eventually(() => heard.includes(2), { what: "the trainer's next event" });
    assert.deepEqual(heard, [1, 2], "its own second one falls away, its first does not");
    record(import.meta.filename, { tried: 2, held: 2, acknowledgedLost: 0 });
  });
}
