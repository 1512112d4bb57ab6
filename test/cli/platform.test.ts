/** The platform alone: what it is asked, how its bus is reached, and what it reports to the commands beside it. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { test } from "node:test";

import { connect } from "@nats-io/transport-node";

import { ConfigError } from "#shared/core/errors.ts";
import { BUS_ACCOUNTS, type BusPasswords } from "#shared/events/bus-logins.ts";
import { pathWithout } from "#services/local-openfaas/faas-cli/docker-stand-in/install.ts";
import { readPlatformFlags } from "#services/cli/platform.ts";
import { readStack } from "#shared/deploy/stack.ts";
import { shellQuoted } from "#shared/deploy/shell.ts";
import { busAccess } from "#services/local-openfaas/start/bus-access.ts";
import { startLocalPlatform } from "#services/local-openfaas/start/local-platform.ts";
import { eventually } from "#test/support/eventually.ts";
import { commandLine } from "#test/support/command-line.ts";
import { natsPrograms } from "#test/support/nats-server.ts";

test("platform: a gateway of our own, or a provider with somebody else's in front", () => {
  const open = { profile: "open", host: undefined } as const;
  assert.deepEqual(readPlatformFlags({}), { ...open, port: 8080, providerOnly: false, gatewayUrl: undefined });
  assert.deepEqual(readPlatformFlags({ providerOnly: true }), {
    ...{ ...open, port: 8081, providerOnly: true, gatewayUrl: "http://127.0.0.1:8080" },
  });
  assert.equal(readPlatformFlags({ providerOnly: true, gatewayUrl: "http://gw:1/" }).gatewayUrl, "http://gw:1");
});

for (const { name, flags, says } of [
  { name: "a port", flags: { port: "x" }, says: "--port must be a whole number from 0 to 65535, was: 'x'" },
  { name: "an empty port", flags: { port: " " }, says: "--port must be a whole number from 0 to 65535, was: ' '" },
  { name: "a profile", flags: { profile: "pro" }, says: "--profile must be one of open, ce, was: 'pro'" },
  {
    name: "a profile of a provider",
    flags: { profile: "ce", providerOnly: true },
    says: "--profile is of the gateway, and with --provider-only that is another one",
  },
  {
    name: "a gateway beside our own",
    flags: { gatewayUrl: "http://g" },
    says: "--gateway-url goes with --provider-only",
  },
  {
    name: "a gateway's address",
    flags: { gatewayUrl: "g:8080", providerOnly: true },
    says: "--gateway-url must be an http(s) URL, was: 'g:8080'",
  },
]) {
  test(`platform refuses: ${name}`, () => assert.throws(() => readPlatformFlags(flags), new ConfigError([says])));
}

test("bus: on our own each part has a login of its own, and what is ours is no secret of a part", () => {
  const passwords = Object.fromEntries(BUS_ACCOUNTS.map((name) => [name, `p-${name}`])) as unknown as BusPasswords;
  const bus = { kind: "built-in", url: "nats://127.0.0.1:1", token: null, passwords } as const;
  const access = busAccess(bus, { NATS_USER: "ignored" });
  assert.deepEqual(access.as("scaler"), { servers: [bus.url], user: "scaler", password: "p-scaler" });
  const parts = ["metrics-collector", "connector", "policy-inference", "scaler", "trainer", "load-generator"];
  const logins = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [`nats-${name}`, `${name}:p-${name}`]));
  assert.deepEqual(access.secrets, logins(parts));
  assert.deepEqual(access.ownFiles, logins(["admin", "dashboard", "cli", "external"]));
  assert.equal(access.instead, "");
});

test("stack.yml: each part mounts its own login and nobody else's, or what all mount instead", () => {
  const natsSecrets = (variables: Readonly<Record<string, string>>) =>
    readStack("stack.yml", variables).map(({ name, secrets }) => [name, secrets.filter((one) => /^nats-/.test(one))]);
  const parts = natsSecrets({}).filter(([name]) => name !== "stress");
  assert.equal(parts.length, 6);
  assert.deepEqual(
    parts,
    parts.map(([name]) => [name, [`nats-${String(name)}`]]),
  );
  const same = natsSecrets({ REPLICANT_NATS_SECRETS: 'nats-user", "nats-password' });
  assert.deepEqual(
    same,
    same.map(([name]) => [name, name === "stress" ? [] : ["nats-user", "nats-password"]]),
  );
});

test("bus: somebody else's credentials become secrets and leave the address", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "bus-access-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "ca.pem"), "CA");
  const external = (url: string, token: string | null, env: Readonly<Record<string, string>> = {}) =>
    busAccess({ kind: "external", url, token, passwords: null }, env);

  const named = external("nats://me:p%40ss@nats.example", null, { NATS_CA: join(folder, "ca.pem") });
  assert.deepEqual(named.servers, ["nats://nats.example:4222"]);
  assert.deepEqual(named.secrets, { "nats-user": "me", "nats-password": "p@ss", "nats-ca": "CA" });
  // Between the quotes of a list in stack.yml.
  assert.equal(named.instead, 'nats-user", "nats-password", "nats-ca');
  assert.deepEqual(named.as("scaler").tls, { ca: "CA", cert: null, key: null });

  assert.deepEqual(external("tls://t0ken@a,tls://b:1", null).servers, ["tls://a:4222", "tls://b:1"]);
  assert.deepEqual(external("nats://a", "t").secrets, { "nats-token": "t" });
  assert.deepEqual(external("nats://a", null).secrets, { "nats-token": "" }, "a stack names one in any case");
  assert.throws(
    () => external("nats://a", null, { NATS_CREDS: "/no/creds", NATS_KEY: "/no/key" }),
    new ConfigError(["NATS_CREDS must be a file, was: '/no/creds'", "NATS_KEY must be a file, was: '/no/key'"]),
  );
});

test("env: words of a shell hold whatever is in them, and our folder leaves the path", () => {
  assert.equal(shellQuoted("it's $HOME"), `'it'\\''s $HOME'`);
  assert.equal(pathWithout("/a:/home/bin:/b:/home/bin", "/home/bin"), "/a:/b");
});

test("the bus of our own comes back with an empty store: stream and buckets are there again", async (t) => {
  if (natsPrograms().length === 0) return t.skip("no nats-server");
  const home = mkdtempSync(join(tmpdir(), "replicant-empty-store-"));
  const findable = { ...process.env, PATH: `${dirname(natsPrograms()[0]!.program)}${delimiter}${process.env["PATH"]}` };
  const { NATS_URL: _url, ...env } = findable as Record<string, string | undefined>;
  const { bus, busAccess, close } = await startLocalPlatform({
    ...{ home, dist: join(process.cwd(), "dist"), host: undefined, port: 0, profile: "open", providerOnly: false },
    ...{ timeLapse: 1, epochMs: 0, env, log: () => {} },
  });
  t.after(async () => {
    await close();
    rmSync(home, { recursive: true });
  });
  assert.equal(bus.kind, "nats-server");
  const { servers, user, password } = busAccess.as("admin");
  const nc = await connect({ servers: [...servers], user: user!, pass: password!, maxReconnectAttempts: -1 });
  t.after(() => nc.close());
  const made = async (): Promise<string[]> => {
    const answer = (await nc.request("$JS.API.STREAM.NAMES", "", { timeout: 1_000 })).json<{ streams?: string[] }>();
    return (answer.streams ?? []).sort();
  };
  const all = ["control", "lease", "signatures"].map((store) => `KV_replicant-${store}`);
  assert.deepEqual(await made(), [...all, "OBJ_replicant-models", "REPLICANT"]);
  const before = bus.pid!;
  process.kill(before, "SIGSTOP");
  rmSync(join(home, "bus", "jetstream"), { recursive: true });
  process.kill(before, "SIGKILL");
  await eventually(async () => bus.pid !== null && bus.pid !== before && (await made().catch(() => [])).length === 5, {
    ...{ what: "all five again", timeoutMs: 30_000 },
  });
});

test("platform --provider-only: says how a gateway is started in front, and functions where it is", async (t) => {
  const line = commandLine(t);
  const { running, said, stop } = await line.start(
    ...["platform", "--provider-only", "--port", "0", "--gateway-url", "http://gateway.example:9080"],
  );
  const { platformUrl } = running;
  assert.deepEqual(
    [running.url, running.variables["REPLICANT_GATEWAY_URL"], running.variables["REPLICANT_FUNCTION_METRICS_URL"]],
    ["http://gateway.example:9080", "http://gateway.example:9080", "http://gateway.example:8082/metrics"],
  );
  assert.equal(running.variables["REPLICANT_CONTAINER_METRICS_URL"], `${platformUrl}/containers/metrics`);
  // The note for other commands is there before the first line for people.
  const mount = await eventually(() => /secret_mount_path=(\S+)/.exec(said())?.[1], { what: "the greeting" });
  assert.match(said(), new RegExp(`functions_provider_url=${platformUrl}/ basic_auth=true`));
  const credentials = ["basic-auth-user", "basic-auth-password"].map((name) =>
    readFileSync(join(mount!, name), "utf8"),
  );
  const authorization = `Basic ${Buffer.from(credentials.join(":")).toString("base64")}`;
  const info = await fetch(`${platformUrl}/system/info`, { headers: { Authorization: authorization } });
  assert.equal(((await info.json()) as { provider: string }).provider, "local-openfaas");
  assert.equal(await stop(), 0);
});
