/** Credentials and other sites' pages: what is refused on `/system` and `/ui`, and that functions stay open. */
import assert from "node:assert/strict";
import express from "express";
import { test } from "node:test";
import { authorization, startTestGateway } from "#test/support/gateway.ts";
import { rawConnection } from "#test/support/raw-http.ts";

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

for (const { name, header } of [
  { name: "nothing", header: undefined },
  { name: "a wrong password", header: basic("admin:open-sesam") },
  { name: "a longer password", header: basic("admin:open-sesame!") },
  { name: "another user", header: basic("root:open-sesame") },
  { name: "no colon", header: basic("admin") },
  { name: "what is no base64", header: "Basic %%%" },
  { name: "faas-cli's empty bearer", header: "Bearer " },
  { name: "an empty header", header: "" },
]) {
  for (const path of ["/system/functions", "/system/nothing", "/ui/", "/ui/app.js"]) {
    test(`auth: ${path} with ${name} is 401`, async (t) => {
      const gateway = await startTestGateway(t);
      const response = await fetch(gateway.url + path, {
        headers: header === undefined ? {} : { Authorization: header },
      });
      assert.equal(response.status, 401);
      assert.equal(await response.text(), "invalid credentials\n");
      assert.equal(response.headers.get("www-authenticate"), 'Basic realm="Restricted"');
    });
  }
}

test("auth: a refused deployment changes nothing", async (t) => {
  const { url, provider } = await startTestGateway(t);
  const body = JSON.stringify({ service: "echo", image: "example/echo:1" });
  assert.equal((await fetch(`${url}/system/functions`, { method: "POST", body })).status, 401);
  assert.deepEqual(provider.calls, []);
});

test("auth: functions, asynchronous calls, health and metrics are open, as on OpenFaaS", async (t) => {
  const { url, metricsUrl, deploy } = await startTestGateway(t);
  await deploy("echo");
  assert.equal((await fetch(`${url}/function/echo`)).status, 200);
  assert.equal((await fetch(`${url}/async-function/echo`, { method: "POST" })).status, 202);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  assert.equal((await fetch(`${metricsUrl}/metrics`)).status, 200);
});

test("auth: the page is mounted behind the credentials", async (t) => {
  const gateway = await startTestGateway(t, {
    mountUi: ({ profile }) => express.Router().get("/", (_, response) => void response.send(`profile ${profile}`)),
  });
  const response = await fetch(`${gateway.url}/ui/`, { headers: { Authorization: authorization } });
  assert.equal(await response.text(), "profile open");
  assert.equal((await fetch(`${gateway.url}/ui/none`, { headers: { Authorization: authorization } })).status, 404);
});

interface Page {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly refused: boolean;
}

/** `HOST` is replaced by the gateway's own. */
const pages: readonly Page[] = [
  { name: "a client that is no browser", headers: {}, refused: false },
  { name: "our own page", headers: { Origin: "http://HOST", "Sec-Fetch-Site": "same-origin" }, refused: false },
  { name: "our own page in an old browser", headers: { Origin: "http://HOST" }, refused: false },
  { name: "the user, by hand", headers: { "Sec-Fetch-Site": "none" }, refused: false },
  { name: "another site", headers: { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" }, refused: true },
  { name: "another site in an old browser", headers: { Origin: "https://evil.example" }, refused: true },
  {
    name: "another port of this machine",
    headers: { Origin: "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site" },
    refused: true,
  },
  { name: "a form of another site, without Origin", headers: { "Sec-Fetch-Site": "cross-site" }, refused: true },
  { name: "a sandboxed page", headers: { Origin: "null" }, refused: true },
  { name: "our host as a path of another", headers: { Origin: "http://evil.example/HOST" }, refused: true },
];

for (const { name, headers, refused } of pages) {
  test(`csrf: a change asked for by ${name} is ${refused ? "refused" : "accepted"}`, async (t) => {
    const { url, provider } = await startTestGateway(t);
    const { host } = new URL(url);
    const lines = Object.entries(headers).map(([key, value]) => `${key}: ${value.replace("HOST", host)}\r\n`);
    const body = JSON.stringify({ service: "echo", image: "example/echo:1" });
    // By hand: fetch sets these headers itself.
    const raw = await rawConnection(url);
    raw.socket.write(
      `POST /system/functions HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${authorization}\r\n${lines.join("")}` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    const text = await raw.until(/\r\n\r\n/);
    assert.match(text, refused ? /^HTTP\/1\.1 403 / : /^HTTP\/1\.1 202 /);
    raw.socket.destroy();
    assert.deepEqual(provider.calls, refused ? [] : ["deploy echo"]);
  });
}

for (const { name, path, headers, status } of [
  { name: "a fetch of a list", path: "/system/functions", headers: { "Sec-Fetch-Site": "cross-site" }, status: 403 },
  { name: "one in an old browser", path: "/system/functions", headers: { Origin: "https://e.example" }, status: 403 },
  {
    name: "a link to the page",
    path: "/ui/",
    headers: { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" },
    status: 404,
  },
  {
    name: "a frame around the page",
    path: "/ui/",
    headers: { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe" },
    status: 403,
  },
]) {
  test(`csrf: ${name} from another site is ${status}`, async (t) => {
    const { url } = await startTestGateway(t);
    const lines = Object.entries(headers).map(([key, value]) => `${key}: ${value}\r\n`);
    const raw = await rawConnection(url);
    raw.socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n${lines.join("")}\r\n`,
    );
    assert.match(await raw.until(/\r\n\r\n/), new RegExp(`^HTTP/1\\.1 ${status} `));
    raw.socket.destroy();
  });
}

test("csrf: the page's own routes are guarded alike", async (t) => {
  const { url } = await startTestGateway(t);
  const response = await fetch(`${url}/ui/anything`, {
    method: "POST",
    headers: { Authorization: authorization, Origin: "https://evil.example" },
  });
  assert.equal(response.status, 403);
});
