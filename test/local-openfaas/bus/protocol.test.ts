/** The protocol parser: whatever the pieces, the same commands; and nothing hostile gets past its bounds. */
import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { ProtocolViolation, type Command } from "#services/local-openfaas/bus/command.ts";
import { CommandParser } from "#services/local-openfaas/bus/protocol.ts";

const limits = { maxControlLineBytes: 128, maxLoginLineBytes: 64, maxPayloadBytes: 1_000 };

function parse(chunks: readonly (string | Buffer)[], admitted = true): Command[] {
  const parser = new CommandParser(limits, { admitted });
  const commands: Command[] = [];
  for (const chunk of chunks) parser.push(Buffer.from(chunk as string), (command) => commands.push(copied(command)));
  return commands;
}

/** A body may be a view of the chunk it came in. */
function copied(command: Command): Command {
  return command.kind === "publish" ? { ...command, body: Buffer.from(command.body) } : command;
}

const publish = (subject: string, reply: string | null, headerBytes: number, body: string): Command => ({
  ...{ kind: "publish", subject, reply, headerBytes },
  body: Buffer.from(body),
});

for (const { name, text, want } of [
  { name: "ping", text: "PING\r\n", want: { kind: "ping" } },
  { name: "pong in small letters, bare line feed", text: "pong\n", want: { kind: "pong" } },
  { name: "publish", text: "PUB a.b 5\r\nhello\r\n", want: publish("a.b", null, 0, "hello") },
  { name: "publish with reply", text: "PUB a.b in.box 2\r\nhi\r\n", want: publish("a.b", "in.box", 0, "hi") },
  { name: "publish nothing", text: "PUB a 0\r\n\r\n", want: publish("a", null, 0, "") },
  { name: "publish line ends", text: "PUB a 4\r\n\r\n\r\n\r\n", want: publish("a", null, 0, "\r\n\r\n") },
  { name: "many blanks", text: "PUB \t a  \t 1\r\nx\r\n", want: publish("a", null, 0, "x") },
  { name: "headers", text: "HPUB a 4 6\r\nHEADhi\r\n", want: publish("a", null, 4, "HEADhi") },
  { name: "headers and reply", text: "HPUB a r 4 4\r\nHEAD\r\n", want: publish("a", "r", 4, "HEAD") },
  { name: "subscribe", text: "SUB a.> 1\r\n", want: { kind: "subscribe", pattern: "a.>", queue: null, sid: "1" } },
  { name: "subscribe, queue", text: "SUB a q 1\r\n", want: { kind: "subscribe", pattern: "a", queue: "q", sid: "1" } },
  { name: "unsubscribe", text: "UNSUB 1\r\n", want: { kind: "unsubscribe", sid: "1", max: null } },
  { name: "unsubscribe after", text: "UNSUB 1 5\r\n", want: { kind: "unsubscribe", sid: "1", max: 5 } },
  { name: "unsubscribe after 0", text: "UNSUB 1 0\r\n", want: { kind: "unsubscribe", sid: "1", max: null } },
  { name: "connect", text: 'CONNECT {"echo":false}\r\n', want: { kind: "connect", options: { echo: false } } },
] satisfies { name: string; text: string; want: Command }[]) {
  test(`protocol: ${name}`, () => assert.deepEqual(parse([text]), [want]));
}

for (const { name, text, says } of [
  { name: "garbage", text: "GET / HTTP/1.1\r\n", says: "Unknown Protocol Operation" },
  { name: "an empty line", text: "\r\n", says: "Unknown Protocol Operation" },
  { name: "bytes of no text", text: "\xff\xfe\x00\n", says: "Unknown Protocol Operation" },
  { name: "a line without end", text: "A".repeat(129), says: "Maximum Control Line Exceeded" },
  { name: "a long line with end", text: `SUB ${"a".repeat(200)} 1\r\n`, says: "Maximum Control Line Exceeded" },
  { name: "a body over the limit", text: "PUB a 1001\r\n", says: "Maximum Payload Violation" },
  { name: "a body of all memory", text: "PUB a 999999999999999\r\n", says: "Maximum Payload Violation" },
  { name: "a size too long to be a number", text: "PUB a 9999999999999999999\r\n", says: "Bad Or Missing Size" },
  { name: "a negative size", text: "PUB a -1\r\n", says: "Bad Or Missing Size" },
  { name: "a size in words", text: "PUB a five\r\n", says: "Bad Or Missing Size" },
  { name: "publish without arguments", text: "PUB\r\n", says: "Parser Error" },
  { name: "publish with too many", text: "PUB a b c 1\r\n", says: "Parser Error" },
  { name: "a body that goes on", text: "PUB a 2\r\nabc\r\n", says: "Parser Error" },
  { name: "more header than body", text: "HPUB a 9 4\r\n", says: "Bad Header Size" },
  { name: "subscribe without sid", text: "SUB a\r\n", says: "Parser Error" },
  { name: "unsubscribe nothing", text: "UNSUB\r\n", says: "Parser Error" },
  { name: "connect with half a JSON", text: "CONNECT {\r\n", says: "Parser Error" },
  { name: "connect with a list", text: "CONNECT []\r\n", says: "Parser Error" },
]) {
  test(`protocol refuses ${name}`, () => {
    assert.throws(() => parse([Buffer.from(text, "latin1")]), new ProtocolViolation(says));
  });
}

for (const { name, text, says } of [
  { name: "a body", text: "PUB a 1000\r\n", says: "Authorization Violation" },
  { name: "a body with headers", text: "HPUB a 12 1000\r\n", says: "Authorization Violation" },
  { name: "a line without end", text: "CONNECT {".padEnd(65), says: "Maximum Control Line Exceeded" },
]) {
  test(`protocol waits for no more of a stranger: ${name}`, () => {
    assert.throws(() => parse([text], false), new ProtocolViolation(says));
  });
}

const word = fc.stringMatching(/^[a-zA-Z0-9_.*>-]{1,12}$/);
const body = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const anyCommand: fc.Arbitrary<{ readonly bytes: Buffer; readonly want: Command }> = fc.oneof(
  fc.record({ subject: word, reply: fc.option(word), head: body, body }).map(({ subject, reply, head, body }) => {
    const whole = Buffer.concat([head, body]);
    const sizes = head.length > 0 ? `${head.length} ${whole.length}` : `${whole.length}`;
    const line = `${head.length > 0 ? "HPUB" : "PUB"} ${subject} ${reply === null ? "" : `${reply} `}${sizes}\r\n`;
    return {
      bytes: Buffer.concat([Buffer.from(line), whole, Buffer.from("\r\n")]),
      want: { kind: "publish", subject, reply, headerBytes: head.length, body: whole },
    } as const;
  }),
  fc.record({ pattern: word, queue: fc.option(word), sid: word }).map(({ pattern, queue, sid }) => ({
    bytes: Buffer.from(`SUB ${pattern} ${queue === null ? "" : `${queue} `}${sid}\r\n`),
    want: { kind: "subscribe", pattern, queue, sid } as const,
  })),
  fc.constant({ bytes: Buffer.from("PING\r\n"), want: { kind: "ping" } as const }),
);

test("protocol: any pieces give the commands that the whole gives", () => {
  fc.assert(
    fc.property(
      fc.array(anyCommand, { maxLength: 12 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 80 })),
      (all, sizes) => {
        let rest = Buffer.concat(all.map(({ bytes }) => bytes));
        const chunks: Buffer[] = [];
        while (rest.length > 0) {
          const size = Number(sizes.next().value);
          chunks.push(rest.subarray(0, size));
          rest = rest.subarray(size);
        }
        assert.deepEqual(
          parse(chunks),
          all.map(({ want }) => want),
        );
      },
    ),
  );
});

test("protocol: no bytes at all make it throw anything but a violation", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 200 }), word, fc.constant("PUB a 3\r\n"))), (chunks) => {
      try {
        parse(chunks.map((chunk) => Buffer.from(chunk as string)));
      } catch (thrown) {
        assert.ok(thrown instanceof ProtocolViolation);
      }
    }),
  );
});
