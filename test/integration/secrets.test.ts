/** No secret leaves by a door that is not meant for it: output, logs, events, command lines, statuses and errors are searched. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { connect } from "@nats-io/transport-node";

import { commandLine, type CommandLine } from "#test/support/command-line.ts";
import { testBroker } from "#test/support/nats-server.ts";

/** A trace of a few calls in each of four windows. */
const load = ["--trace", "traces/seed_request_count_raw_30s.json", "--from-window", "418", "--rate-scale", "0.1"];
const run = ["up", "--json", "--verbose", "--port", "0", "--time-lapse", "10", "--windows", "4", ...load];

/** Everything that must stay where it is, in the spellings in which it could get out. */
function secretsOf({ home }: CommandLine, ofBus: Readonly<Record<string, string>>) {
  const read = (...path: string[]) => readFileSync(join(home, ...path), "utf8").trim();
  const password = read("basic-auth-password");
  const mounted = Object.fromEntries(readdirSync(join(home, "secrets")).map((name) => [name, read("secrets", name)]));
  const { "basic-auth-user": _user, ...secrets } = mounted;
  return {
    ...{ ...secrets, password },
    ...Object.fromEntries(Object.entries(ofBus).map(([user, secret]) => [`${user}'s on the bus`, secret])),
    "password in a header": Buffer.from(`admin:${password}`).toString("base64"),
    "password in a URL": encodeURIComponent(password),
  };
}

/** Command lines of the processes that belong to a home. */
function commandLines(home: string): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      const mine = words.includes(home) || readFileSync(`/proc/${pid}/environ`, "utf8").includes(home);
      return mine ? [words.replaceAll("\0", " ")] : [];
    } catch {
      return [];
    }
  });
}

/** Whatever is said on the bus from now on. */
async function overhear(t: TestContext, servers: string, login: object): Promise<string[]> {
  const nc = await connect({ servers, ...login });
  t.after(() => nc.close());
  const heard: string[] = [];
  nc.subscribe(">", {
    callback: (_, message) => void heard.push(`${message.subject} ${Buffer.from(message.data).toString("utf8")}`),
  });
  await nc.flush();
  return heard;
}

/** A run to its end, and every place where its secrets could have been shown. */
async function runAndSearch(t: TestContext, line: CommandLine, bus: { url?: string; token?: string }): Promise<void> {
  const started = await line.start(...run);
  const own = join(line.home, "bus", "bus.json");
  const passwords = bus.token
    ? { token: bus.token }
    : (JSON.parse(readFileSync(own, "utf8")) as { passwords: Record<string, string> }).passwords;
  const login = bus.token ? { token: bus.token } : { user: "admin", pass: passwords["admin"] };
  const events = await overhear(t, bus.url ?? started.running.variables["REPLICANT_NATS_URL"]!, login);
  const secrets: Readonly<Record<string, string>> = secretsOf(line, passwords);
  const authorization = { Authorization: `Basic ${secrets["password in a header"]}` };
  const ask = async (path: string) =>
    (await fetch(started.running.platformUrl + path, { headers: authorization })).text();
  const places: Record<string, string> = {
    "the note for other commands": readFileSync(join(line.home, "running.json"), "utf8"),
    "the list of functions": await ask("/system/functions"),
    "the list of secrets": await ask("/system/secrets"),
    "a part's status": await ask("/function/scaler"),
  };
  places["command lines"] = commandLines(line.home).join("\n");
  assert.ok(commandLines(line.home).length >= 6, "parts are running");
  const { code, stdout, stderr } = await started.ended;
  assert.ok(code === 0 || code === 1, stderr);
  assert.equal((JSON.parse(stdout) as { windows: object[] }).windows.length, 4);
  places["the JSON document"] = stdout;
  places["stderr"] = stderr;
  for (const kind of ["proposal", "applied", "window", "tick", "load"]) {
    assert.ok(
      events.some((event) => event.startsWith(`replicant.${kind} `)),
      `no ${kind} was heard`,
    );
  }
  places["events"] = events.join("\n");
  const logs = join(line.home, "logs");
  for (const name of readdirSync(logs)) places[`the log ${name}`] = readFileSync(join(logs, name), "utf8");
  for (const [place, text] of Object.entries(places)) {
    assert.notEqual(text.length, 0, place);
    for (const [name, secret] of Object.entries(secrets)) {
      assert.ok(secret.length >= 20, `${name} is long enough to be searched for`);
      assert.ok(!text.includes(secret), `${name} is in ${place}`);
    }
  }
}

test("secrets: a whole run with a load shows none of them", async (t) => {
  await runAndSearch(t, commandLine(t), {});
});

test("secrets: nor does one on a bus of somebody else, whose address holds the credentials", async (t) => {
  const broker = await testBroker();
  t.after(() => broker.close());
  const { url, token } = broker;
  const line = commandLine(t, { NATS_URL: url.replace("//", `//${token}@`) });
  await runAndSearch(t, line, { url, token });
});

test("secrets: errors name what is wrong, and not the secret", async (t) => {
  const hush = "a-secret-that-is-easy-to-search-for";
  for (const [env, words] of [
    [{ NATS_URL: `nats://${hush}@127.0.0.1:port` }, ["platform", "--port", "0"]],
    [{ NATS_URL: `http://me:${hush}@127.0.0.1` }, ["platform", "--port", "0"]],
    [{ OPENFAAS_URL: `http://admin:${hush}@127.0.0.1:9` }, ["status"]],
    [{ OPENFAAS_URL: "http://127.0.0.1:9", LOG_LEVEL: "debug" }, ["status"]],
  ] as const) {
    const line = commandLine(t, env);
    // A password of this home, as `status` reads it.
    writeFileSync(join(line.home, "basic-auth-password"), hush);
    const { code, stdout, stderr } = await line.run(...words);
    assert.ok(code === 1 || code === 2, stderr);
    assert.match(stderr, /^replicant: /);
    assert.ok(!(stdout + stderr).includes(hush), stderr);
    assert.ok(!(stdout + stderr).includes(Buffer.from(`admin:${hush}`).toString("base64")), stderr);
  }
});
