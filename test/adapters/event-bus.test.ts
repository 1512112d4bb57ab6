/** The suite for every bus there is: inside the process, over the built-in broker, over each nats-server found here. */
import { test } from "node:test";

import { connect } from "@nats-io/transport-node";

import { MemoryBroker, memoryBus } from "#test/support/memory-bus.ts";
import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { SUBJECTS } from "#shared/events/subjects.ts";
import { natsPrograms, testBroker, testNatsServer, type TestServer } from "#test/support/nats-server.ts";
import { eventBusSuite, type BusUnderTest } from "#test/support/event-bus.suite.ts";

eventBusSuite("the memory bus", { kept: false, served: false }, async () => {
  const broker = new MemoryBroker();
  return {
    server: null,
    open: async () => memoryBus({ broker }),
    say: async (kind, bytes) => broker.send(kind, bytes),
    close: async () => {},
  };
});

eventBusSuite("the NATS bus on the built-in broker", { kept: false, served: true }, async () =>
  overNats(await testBroker()),
);

const programs = natsPrograms();
for (const { name, program } of programs) {
  eventBusSuite(`the NATS bus on ${name}`, { kept: true, served: true }, async () =>
    overNats(await testNatsServer(program)),
  );
}
if (programs.length < 2) {
  test(
    `nats-server: ${programs.length} of 2 versions found`,
    { skip: "node test/support/peers.mjs says why" },
    () => {},
  );
}

function overNats(server: TestServer): BusUnderTest {
  const { url, token } = server;
  return {
    server,
    open: (options) => natsBus({ servers: url, token, name: "test", ...options }),
    async say(kind, bytes) {
      const nc = await connect({ servers: url, token });
      nc.publish(SUBJECTS[kind], bytes);
      await nc.drain();
    },
    close: () => server.close(),
  };
}
