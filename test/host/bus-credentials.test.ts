/** What a workload shows to the bus: mounted secrets, and files that settings name. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { readSettings } from "#shared/config/read-settings.ts";
import { ConfigError } from "#shared/core/errors.ts";
import { BUS_SETTINGS, busCredentials } from "#shared/host/bus-credentials.ts";
import { readSecret } from "#shared/host/secrets.ts";

function mounted(
  t: TestContext,
  secrets: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "secrets-"));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "elsewhere"));
  for (const [name, value] of Object.entries(secrets)) writeFileSync(join(folder, name), value);
  const given = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace("~", folder)]));
  const settings = readSettings(given, BUS_SETTINGS);
  return busCredentials({ settings, secret: (name) => readSecret(folder, name) });
}

const nothing = { token: null, user: null, password: null, creds: null, nkeySeed: null };
const open = { ca: null, cert: null, key: null };

test("bus credentials: none when no secret is mounted", (t) => {
  assert.deepEqual(mounted(t, {}), { ...nothing, tls: open });
});

test("bus credentials: mounted secrets are used by their names, an empty one is none", (t) => {
  const secrets = { "nats-token": "", "nats-user": "loop\n", "nats-password": "p", "nats-ca": "CA", "nats-nkey": "SU" };
  const want = { ...nothing, user: "loop", password: "p", nkeySeed: "SU", tls: { ...open, ca: "CA" } };
  assert.deepEqual(mounted(t, secrets), want);
});

test("bus credentials: settings name other secrets, or files", (t) => {
  const secrets = { mine: "JWT", "elsewhere/ca.pem": "CA" };
  const want = { ...nothing, creds: "JWT", tls: { ...open, ca: "CA" } };
  assert.deepEqual(mounted(t, secrets, { NATS_CREDS: "mine", NATS_CA: "~/elsewhere/ca.pem" }), want);
});

test("bus credentials: what a setting names and is not there is said, all of it", (t) => {
  assert.throws(
    () => mounted(t, {}, { NATS_CREDS: "mine", NATS_KEY: "/no/key" }),
    new ConfigError([
      "NATS_CREDS must be a file, or the name of a mounted secret, was: 'mine'",
      "NATS_KEY must be a file, or the name of a mounted secret, was: '/no/key'",
    ]),
  );
});
