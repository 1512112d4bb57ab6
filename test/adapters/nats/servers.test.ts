/** `NATS_URL` as people write it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { parseServers, type Servers } from "#shared/adapters/nats/servers.ts";
import { BadInputError } from "#shared/core/errors.ts";

const plain = { tls: false, spoken: "nats://h:4222", addresses: ["h:4222"] };
for (const { name, text, want } of [
  { name: "as documented", text: "nats://h:4222", want: plain },
  { name: "without a port", text: "nats://h", want: plain },
  { name: "without a scheme", text: "h:4222", want: plain },
  { name: "a host alone", text: " h ", want: plain },
  { name: "a token", text: "nats://t0ken@h", want: { ...plain, token: "t0ken" } },
  { name: "user and password", text: "nats://me:p%40ss@h", want: { ...plain, user: "me", password: "p@ss" } },
  { name: "TLS", text: "tls://h:1", want: { tls: true, spoken: "tls://h:1", addresses: ["h:1"] } },
  { name: "IPv6", text: "nats://[::1]:1", want: { tls: false, spoken: "nats://[::1]:1", addresses: ["[::1]:1"] } },
  {
    name: "several, credentials on one",
    text: "nats://a, nats://t@b:1,",
    want: { tls: false, spoken: "nats://a:4222,nats://b:1", addresses: ["a:4222", "b:1"], token: "t" },
  },
  {
    name: "a list",
    text: ["a", "b"],
    want: { tls: false, spoken: "nats://a:4222,nats://b:4222", addresses: ["a:4222", "b:4222"] },
  },
] satisfies { name: string; text: string | string[]; want: Servers }[]) {
  test(`NATS address: ${name}`, () => assert.deepEqual(parseServers(text), want));
}

for (const { text, says } of [
  { text: "", says: "the NATS address must not be empty" },
  { text: " , ", says: "the NATS address must not be empty" },
  { text: "http://h", says: "the NATS address must look like 'nats://host:4222', was: 'http://h'" },
  { text: "nats://t0ken@h:port", says: "the NATS address must look like 'nats://host:4222', was: 'nats://…@h:port'" },
  { text: "nats://", says: "the NATS address must look like 'nats://host:4222', was: 'nats://'" },
]) {
  test(`NATS address refused: '${text}'`, () => assert.throws(() => parseServers(text), new BadInputError(says)));
}
