/** Who gets in: names that are ours, pages that are ours, and a bounded number of guesses at the password. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request, type IncomingMessage, type RequestOptions } from "node:http";
import { test } from "node:test";
import { door } from "#services/local-openfaas/gateway/door.ts";
import { upstreamHead } from "#services/local-openfaas/gateway/invocation/headers.ts";
import { LoginAttempts } from "#services/local-openfaas/gateway/login-attempts.ts";
import { authorization, authorizationOf, startTestGateway } from "#test/support/gateway.ts";
import { liveBytes } from "#test/support/live-bytes.ts";
import { rawConnection } from "#test/support/raw-http.ts";
import { recordEachTest } from "#test/support/faults/figures.ts";

recordEachTest(import.meta.filename);

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingMessage["headers"];
}

async function ask(url: string, options: RequestOptions): Promise<Answer> {
  const sent = request(url, options);
  sent.end();
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of answer) text += String(chunk);
  return { status: answer.statusCode!, text, headers: answer.headers };
}

const hosts = [
  { host: "127.0.0.1:8080", enters: true },
  { host: "localhost", enters: true },
  { host: "LOCALHOST.:80", enters: true },
  { host: "gateway.localhost:8080", enters: true },
  { host: "[::1]:8080", enters: true },
  { host: "192.168.7.9", enters: true },
  { host: "gw.example.com:8080", enters: true },
  { host: "evil.example", enters: false },
  { host: "evil.example:8080", enters: false },
  { host: "localhost.evil.example", enters: false },
  { host: "127.0.0.1.evil.example", enters: false },
  { host: "gw.example.com.evil.example", enters: false },
  { host: "notlocalhost", enters: false },
  { host: "[evil.example]", enters: false },
  { host: "[::1].evil.example", enters: false },
  { host: "[::1]:80.evil.example", enters: false },
  { host: "[::1", enters: false },
  { host: "localhost:80@evil.example", enters: false },
  { host: "localhost:evil.example", enters: false },
  { host: "localhost:808080", enters: false },
  { host: "127.0.0.1:80/evil.example", enters: false },
  { host: "evil.example/.localhost", enters: false },
  { host: "evil.example#.localhost", enters: false },
  { host: "user@x.localhost", enters: false },
];
const routes = ["/system/functions", "/ui/", "/function/echo", "/async-function/echo", "/healthz", "/"];

for (const { host, enters } of hosts) {
  test(`door: requests for '${host}' ${enters ? "enter" : "are 421, on every route and on the metrics"}`, async (t) => {
    const gateway = await startTestGateway(t, { names: ["gw.example.com"] });
    await gateway.deploy("echo");
    const headers = { Host: host, Authorization: authorization };
    for (const url of [...routes.map((path) => gateway.url + path), `${gateway.metricsUrl}/metrics`]) {
      const { status, text } = await ask(url, { headers });
      assert.equal(status === 421, !enters, `${url}: ${status} ${text}`);
      if (!enters)
        assert.match(text, /^a request for '.*' is not for this gateway: name it in REPLICANT_GATEWAY_NAMES/);
    }
  });
}

for (const { target, host, enters } of [
  { target: "http://evil.example/system/functions", host: "localhost", enters: false },
  { target: "HTTP://evil.example:80/healthz", host: "localhost", enters: false },
  { target: "http://localhost@evil.example/healthz", host: "localhost", enters: false },
  { target: "http://evil.example?http://localhost/healthz", host: "localhost", enters: false },
  { target: "ftp://evil.example/function/echo", host: "localhost", enters: false },
  { target: "http://localhost/healthz", host: "evil.example", enters: false },
  { target: "http://localhost:8080/healthz", host: "localhost:8080", enters: true },
  { target: "http://GW.example.com/healthz", host: "localhost", enters: true },
]) {
  test(`door: a request for the address '${target}' at '${host}' ${enters ? "enters" : "is 421"}`, async (t) => {
    const gateway = await startTestGateway(t, { names: ["gw.example.com"] });
    const raw = await rawConnection(gateway.url);
    raw.socket.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${authorization}\r\n\r\n`);
    assert.match(await raw.until(/\r\n\r\n/), enters ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 421 /);
    raw.socket.destroy();
  });
}

test("door: a star lets every name in", async (t) => {
  const gateway = await startTestGateway(t, { names: ["*"] });
  assert.equal((await ask(`${gateway.url}/healthz`, { headers: { Host: "any.example" } })).status, 200);
});

test("door: what is remembered of names is bounded, and none of it is foreign", () => {
  let answers = 0;
  const response = { headersSent: false, destroyed: true };
  const enter = door([]);
  for (let i = 0; i < 50_000; i++) {
    const rawHeaders = ["Host", i % 2 === 0 ? `h${i}.example` : `10.0.${i % 256}.${(i >> 8) % 256}:${i}`];
    if (enter({ url: "/", rawHeaders } as never, response as never)) answers++;
  }
  assert.equal(answers, 25_000);
});

test("door: neither long names of hosts nor those of headers are remembered", () => {
  const enter = door([]);
  const long = (i: number) => Buffer.alloc(30_000, "a").toString() + String(i);
  const before = liveBytes();
  for (let i = 0; i < 2_000; i++) {
    const rawHeaders = ["Host", `${long(i)}.localhost`, `x-${long(i)}`, "1"];
    const request = { url: "/", method: "GET", rawHeaders, socket: {} } as never;
    assert.equal(enter(request, {} as never), true);
    assert.equal(upstreamHead(request, "127.0.0.1:1", null).headers[2], rawHeaders[2]);
  }
  const grownBytes = liveBytes() - before;
  assert.ok(grownBytes < 15e6, `${grownBytes} bytes`);
  // Else the collector might have taken what the door remembers with it.
  assert.equal(enter({ url: "/", rawHeaders: ["Host", "evil.example"] } as never, { destroyed: true } as never), false);
});

test("door: headers that are named like what every object has are passed on, both ways", async (t) => {
  const names = ["constructor", "__proto__", "toString", "hasOwnProperty"];
  let seen: string[] = [];
  const gateway = await startTestGateway(t, {
    handlers: {
      echo: (request, response) => {
        seen = request.rawHeaders;
        response.writeHead(
          200,
          names.flatMap((name) => [name, "there"]),
        );
        response.end();
      },
    },
  });
  await gateway.deploy("echo");
  const raw = await rawConnection(gateway.url);
  const lines = names.map((name) => `${name}: here\r\n`).join("");
  raw.socket.write(`GET /function/echo HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n`);
  const text = await raw.until(/\r\n\r\n/);
  raw.socket.destroy();
  for (const name of names) {
    assert.equal(seen[seen.indexOf(name) + 1], "here", name);
    assert.match(text, new RegExp(`\r\n${name}: there\r\n`));
  }
});

test("door: a page behind a proxy that is listed by name may change things", async (t) => {
  const gateway = await startTestGateway(t, { names: ["GW.example.com"] });
  const headers = { Authorization: authorization, Origin: "https://gw.example.com", "Sec-Fetch-Site": "same-origin" };
  const { status } = await ask(`${gateway.url}/system/functions`, { method: "PUT", headers });
  assert.equal(status, 400, "reached, and refused for its empty body");
  const other = { ...headers, Origin: "https://evil.example" };
  assert.equal((await ask(`${gateway.url}/system/functions`, { method: "PUT", headers: other })).status, 403);
});

const wrong = `Basic ${Buffer.from("admin:guess").toString("base64")}`;

test("login: of a short password, after ten wrong ones the next is not even read, from that address only", async (t) => {
  const gateway = await startTestGateway(t);
  const url = `${gateway.url}/system/functions`;
  const login = (Authorization: string, localAddress: string) =>
    ask(url, { headers: { Authorization }, localAddress, agent: false });
  const statuses: number[] = [];
  for (let i = 0; i < 20; i++) statuses.push((await login(wrong, "127.0.0.2")).status);
  assert.deepEqual([statuses.slice(0, 10), statuses.slice(10)], [Array(10).fill(401), Array(10).fill(429)]);
  const refused = await login(authorization, "127.0.0.2");
  assert.equal(refused.status, 429, "the right one as well: a guess must not show as right");
  assert.match(refused.text, /^too many wrong logins from 127\.0\.0\.2: try again in \d+ s\n$/);
  assert.equal(refused.headers["retry-after"], "1");
  assert.equal((await login(authorization, "127.0.0.3")).status, 200);
  assert.equal((await login("Bearer x", "127.0.0.2")).status, 401, "no login is no guess");
});

test("login: with a short password, who is in on a connection stays in while others on its address guess", async (t) => {
  const gateway = await startTestGateway(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const url = `${gateway.url}/system/functions`;
  const mine = () => ask(url, { headers: { Authorization: authorization }, agent });
  assert.equal((await mine()).status, 200);
  for (let i = 0; i < 30; i++) await ask(url, { headers: { Authorization: wrong }, agent: false });
  assert.equal((await ask(url, { headers: { Authorization: authorization }, agent: false })).status, 429);
  assert.equal((await mine()).status, 200);
});

test("login: a long password gets in on every new connection while others on its address guess", async (t) => {
  const long = { user: "admin", password: "open-sesame-2026" };
  const gateway = await startTestGateway(t, { credentials: long });
  const right = authorizationOf(long);
  const guesses = [
    wrong,
    authorizationOf({ ...long, password: `${long.password}!` }),
    authorizationOf({ ...long, user: "a" }),
  ];
  const login = async (Authorization: string) =>
    (await ask(`${gateway.url}/system/functions`, { headers: { Authorization }, agent: false })).status;
  const statuses = { right: [] as number[], wrong: [] as number[] };
  for (let i = 0; i < 100; i++) {
    const answers = await Promise.all([...guesses.map(login), login(right)]);
    statuses.right.push(answers.pop()!);
    statuses.wrong.push(...answers);
  }
  assert.deepEqual(new Set(statuses.right), new Set([200]));
  assert.deepEqual(new Set(statuses.wrong), new Set([401, 429]), "no wrong one gets in, and they are told to wait");
});

test("login: pauses double up to a minute, and are forgotten after a quarter of an hour", () => {
  let nowMs = 1;
  const attempts = new LoginAttempts(() => nowMs);
  const pauses: number[] = [];
  for (let i = 0; i < 20; i++) {
    nowMs += attempts.pauseMs("10.0.0.1");
    attempts.wrong("10.0.0.1");
    pauses.push(attempts.pauseMs("10.0.0.1") / 1_000);
  }
  assert.deepEqual(pauses, [...Array<number>(9).fill(0), 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]);
  nowMs += 16 * 60_000;
  attempts.wrong("10.0.0.1");
  assert.equal(attempts.pauseMs("10.0.0.1"), 0);
});

test("login: many addresses together are bounded by the minute; those that have logged in before are not", () => {
  let nowMs = 1;
  const attempts = new LoginAttempts(() => nowMs);
  attempts.right("10.9.9.9");
  let read = 0;
  for (let i = 0; i < 5_000; i++) {
    const address = `2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::1`;
    if (attempts.pauseMs(address) > 0) continue;
    read++;
    attempts.wrong(address);
  }
  assert.equal(read, 200);
  assert.ok(attempts.pauseMs("10.1.1.1") > 0);
  assert.equal(attempts.pauseMs("10.9.9.9"), 0);
  nowMs += 60_000;
  assert.equal(attempts.pauseMs("10.1.1.1"), 0);
});

test("login: the addresses of one subscriber are one", () => {
  const attempts = new LoginAttempts(() => 1);
  for (let i = 0; i < 10; i++) attempts.wrong(`2001:db8::${i}:1`);
  assert.ok(attempts.pauseMs("2001:db8:0:0:ffff::2") > 0);
  assert.equal(attempts.pauseMs("2001:db8:0:1::2"), 0);
  for (let i = 0; i < 10; i++) attempts.wrong("::ffff:10.0.0.1");
  assert.ok(attempts.pauseMs("10.0.0.1") > 0);
});
