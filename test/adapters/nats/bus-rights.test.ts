/** Every subject × every user, tried on each server there is: what the table allows is let through, all else is refused. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test, type TestContext } from "node:test";

import { permissionsOf, streamOf } from "#shared/events/bus-permissions.ts";
import { BUS_USER_NAMES, namesOf, type BusStore, type BusUser } from "#shared/events/bus-users.ts";
import { EVENT_KINDS, subjectOf, type EventKind } from "#shared/events/subjects.ts";
import { rightsFiles } from "#test/support/bus-rights-files.ts";
import { PREFIX, rawClient, serversWithUsers, type ServerWithUsers } from "#test/support/nats-users.ts";

/** Written by hand, so that a slip in the table shows. */
const PUBLISHERS: Readonly<Record<EventKind, readonly BusUser[]>> = {
  tick: ["metrics-collector"],
  window: ["metrics-collector"],
  proposal: ["policy-inference", "external"],
  applied: ["scaler"],
  model: ["trainer"],
  load: ["load-generator"],
};
const STREAMS = ["REPLICANT", ...(["lease", "control", "signatures", "models"] as BusStore[]).map(storeStream)];
const CONSUMERS = ["scaler-proposal-proposal", "trainer-window", "connector-window-window", "mine"];

function storeStream(store: BusStore): string {
  return streamOf(store, PREFIX);
}

/** What nobody may do, whoever they are. */
const FORBIDDEN: readonly string[] = [
  ...STREAMS.flatMap((stream) => [
    ...["CREATE", "UPDATE", "DELETE", "PURGE", "SNAPSHOT", "RESTORE", "MSG.DELETE", "PEER.REMOVE"].map(
      (call) => `$JS.API.STREAM.${call}.${stream}`,
    ),
    ...[`$JS.API.DIRECT.GET.${stream}`, `$JS.API.DIRECT.GET.${stream}.replicant.window`],
    ...[`$JS.API.CONSUMER.CREATE.${stream}`, `$JS.API.CONSUMER.CREATE.${stream}.mine`],
    ...CONSUMERS.flatMap((name) => [
      ...["DELETE", "DURABLE.CREATE", "PAUSE", "UNPIN", "RESET"].map(
        (call) => `$JS.API.CONSUMER.${call}.${stream}.${name}`,
      ),
      `$JS.API.CONSUMER.CREATE.${stream}.${name}.replicant.other`,
    ]),
  ]),
  ...["$JS.API.STREAM.CREATE.OTHER", "$JS.API.STREAM.LIST", "$JS.API.STREAM.NAMES", "$JS.API.ACCOUNT.PURGE.X"],
  ...[
    "$SYS.REQ.SERVER.PING",
    "$SYS.REQ.ACCOUNT.PING",
    "$KV.other.key",
    "$O.other.M.name",
    "replicant",
    "replicant.tick.x",
  ],
  ...BUS_USER_NAMES.map((user) => `_INBOX.${user}.a.b`),
  ...["_INBOX.a", "_R_.a", "anything"],
];

/** A subject that a pattern takes. */
const literal = (pattern: string) => pattern.replaceAll("*", "a").replace(/>$/, "a.b");

const SUBJECTS = [
  ...new Set([
    ...EVENT_KINDS.map((kind) => subjectOf(kind, PREFIX)),
    ...BUS_USER_NAMES.flatMap((user) => permissionsOf(user, PREFIX).publish.map(literal)),
    ...FORBIDDEN,
  ]),
];

function mayPublish(user: BusUser, subject: string): boolean {
  if (FORBIDDEN.includes(subject)) return false;
  const kind = EVENT_KINDS.find((one) => subjectOf(one, PREFIX) === subject);
  if (kind) return PUBLISHERS[kind].includes(user);
  return permissionsOf(user, PREFIX).publish.map(literal).includes(subject);
}

/** Subject, queue or none, and who may. */
const QUEUES = [null, "connector", "scaler-proposal", "trainer", "other"] as const;
const LISTENING: readonly {
  readonly subject: string;
  readonly may: (user: BusUser, queue: string | null) => boolean;
}[] = [
  ...EVENT_KINDS.map((kind) => ({
    subject: subjectOf(kind, PREFIX),
    may: (user: BusUser, queue: string | null) =>
      permissionsOf(user, PREFIX).subscribe.some(
        (one) => one.subject === subjectOf(kind, PREFIX) && one.queue === queue,
      ),
  })),
  ...BUS_USER_NAMES.map((owner) => ({
    subject: `_INBOX.${owner}.*`,
    may: (user: BusUser, queue: string | null) => user === owner && queue === null,
  })),
  ...[
    ">",
    "*",
    "*.*",
    "replicant.>",
    "replicant.*",
    "_INBOX.>",
    "_INBOX.*.*",
    "$JS.>",
    "$JS.API.>",
    "$SYS.>",
    "$KV.>",
  ].map((subject) => ({ subject, may: () => false })),
];

interface Try {
  readonly command: string;
  readonly may: boolean;
  /** The server's, where it refuses. */
  readonly words: string;
}

function triesOf(user: BusUser): Try[] {
  let sid = 0;
  return [
    ...SUBJECTS.map((subject) => ({
      command: `PUB ${subject} 0\r\n\r\n`,
      may: mayPublish(user, subject),
      words: `Permissions Violation for Publish to "${subject}"`,
    })),
    ...LISTENING.flatMap(({ subject, may }) =>
      QUEUES.map((queue) => ({
        command: `SUB ${subject}${queue === null ? "" : ` ${queue}`} ${++sid}\r\nUNSUB ${sid}\r\n`,
        may: may(user, queue),
        words: `Permissions Violation for Subscription to "${subject}"${queue === null ? "" : ` using queue "${queue}"`}`,
      })),
    ),
  ];
}

async function tryAll(t: TestContext, server: ServerWithUsers) {
  const host = await server.start(t);
  const all = { tried: 0, allowed: 0, refused: 0 };
  for (const user of BUS_USER_NAMES) {
    const tries = triesOf(user);
    for (const name of namesOf(user)) {
      const client = await rawClient(t, host, name);
      const said = await client.refusals(tries.map(({ command }) => command));
      tries.forEach(({ command, may, words }, i) => {
        assert.deepEqual(said[i], may ? [] : [words], `${name}: ${command}`);
        all.tried++;
        all[may ? "allowed" : "refused"]++;
      });
    }
  }
  return all;
}

for (const server of serversWithUsers()) {
  test(`bus rights, ${server.name}: every subject × every user`, { timeout: 240_000 }, async (t) => {
    const { tried, allowed, refused } = await tryAll(t, server);
    t.diagnostic(`${tried} tried, ${allowed} allowed, ${refused} refused`);
    assert.ok(refused > 4_000 && allowed > 200, `${refused} refused, ${allowed} allowed`);
  });
}

test("bus rights: the shipped files are what the table says", () => {
  for (const { file, text } of rightsFiles()) {
    assert.equal(readFileSync(file, "utf8"), text, `${file}: run npx tsx test/support/bus-rights-files.ts`);
  }
});
