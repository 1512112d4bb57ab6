/** Real servers and the built-in broker with every user of the table, and a raw client that counts what it is refused. */
import { connect } from "node:net";
import type { TestContext } from "node:test";

import { authorizationBlock, permissionsText } from "#shared/adapters/nats/server-users.ts";
import type { BusLogin } from "#shared/events/bus-logins.ts";
import { ADMIN, BUS_USER_NAMES, namesOf } from "#shared/events/bus-users.ts";
import { startBroker } from "#services/local-openfaas/bus/broker.ts";
import { eventually } from "./eventually.ts";
import { securedServer } from "./nats-secured.ts";
import { natsPrograms } from "./nats-server.ts";

export const PREFIX = "replicant";

export const passwordOf = (name: string) => `p/${name}`;

/** Both names of every user, and the one who sets up. */
export const ALL_LOGINS: readonly BusLogin[] = [ADMIN, ...BUS_USER_NAMES.flatMap(namesOf)].map((name) => ({
  name,
  password: passwordOf(name),
}));

export interface ServerWithUsers {
  readonly name: string;
  readonly hasJetStream: boolean;
  /** Answers with `127.0.0.1:port`; ends with the test. */
  start(t: TestContext, logins?: readonly BusLogin[]): Promise<string>;
}

export const configurationFor = (logins: readonly BusLogin[]) =>
  authorizationBlock(logins, (user) => permissionsText(user, PREFIX));

export function serversWithUsers(): readonly ServerWithUsers[] {
  return [
    {
      name: "the built-in broker",
      hasJetStream: false,
      async start(t, logins = ALL_LOGINS) {
        const broker = await startBroker({ port: 0, users: { logins, prefix: PREFIX } });
        t.after(() => broker.close());
        return `127.0.0.1:${broker.port}`;
      },
    },
    ...natsPrograms().map(({ name, program }) => ({
      name,
      hasJetStream: true,
      start: (t: TestContext, logins = ALL_LOGINS) => securedServer(t, program, configurationFor(logins)),
    })),
  ];
}

export interface RawClient {
  /** What the server said against each of these commands, in order. */
  refusals(commands: readonly string[]): Promise<readonly (readonly string[])[]>;
}

/** Speaks the protocol itself: a client library would not even send some of it. */
export async function rawClient(t: TestContext, host: string, name: string): Promise<RawClient> {
  const [address, port] = host.split(":");
  const socket = connect(Number(port), address);
  t.after(() => socket.destroy());
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString("latin1")));
  socket.on("error", () => {});
  /** One piece for each PING. */
  const answered = async (pings: number) => {
    const pieces = () => text.split("PONG\r\n");
    await eventually(() => pieces().length > pings || socket.closed, { what: `${pings} answers`, timeoutMs: 60_000 });
    const taken = pieces();
    text = "";
    return taken.slice(0, pings);
  };
  const login = { user: name, pass: passwordOf(name), verbose: false, headers: true, no_responders: true };
  socket.write(`CONNECT ${JSON.stringify(login)}\r\nPING\r\n`);
  const [hello = ""] = await answered(1);
  if (hello.includes("-ERR")) throw new Error(hello);
  return {
    async refusals(commands) {
      socket.write(commands.map((command) => `${command}PING\r\n`).join(""));
      const said = await answered(commands.length);
      return said.map((piece) => [...piece.matchAll(/-ERR '(.*)'/g)].map(([, why]) => why!));
    },
  };
}
