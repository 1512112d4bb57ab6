/** Callers without a key against the running policy-inference: they decide nothing, learn nothing and leave nothing behind. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";

import { encodeEvent, makeEvent } from "#shared/events/codec.ts";
import { record } from "#test/support/faults/figures.ts";
import { aManaged, aWindow } from "#test/support/a-window.ts";
import { around } from "#test/support/around.ts";
import { eventually } from "#test/support/eventually.ts";
import { startTestStack, type TestStack } from "#test/support/local-stack.ts";
import { rawConnection } from "#test/support/raw-http.ts";
import { readStack } from "#shared/deploy/stack.ts";

const POLICY = "lstm-ppo-plus@corrected";
/** In turn, so that one of them is always being read. */
const OTHERS = ["ppo@corrected", "ppo@paper", "lstm-ppo@corrected", "lstm-ppo@paper"];
const AT_ONCE = 8;

let world: TestStack;
around(
  async () => {
    world = await startTestStack({ policy: POLICY });
    return world;
  },
  (stack) => stack.close(),
);
before(async () => {
  await eventually(() => world.heard.proposals.some(({ policy }) => policy.name === POLICY), {
    timeoutMs: 60_000,
    what: "a proposal of the model",
  });
});

function windowBody(functionName: string, policy: string, seq = 1): string {
  const data = {
    managed: aManaged({ functionName, policy, mode: "auto" }),
    window: aWindow({ functionName, seq, arrivals: 100 }),
    history: [],
  };
  return Buffer.from(
    encodeEvent(makeEvent("window", { source: "intruder", subject: functionName, key: seq, nowMs: Date.now(), data })),
  ).toString();
}

async function post(body: string, contentType = "application/json") {
  const headers = { "Content-Type": contentType };
  const answer = await fetch(`${world.stack.platform.url}/function/policy-inference`, {
    method: "POST",
    body,
    headers,
  });
  return { status: answer.status, text: await answer.text() };
}

interface Status {
  readonly models: { readonly serving: Readonly<Record<string, string>> };
  readonly functions: Readonly<Record<string, unknown>>;
}

async function status(): Promise<Status> {
  const { body } = await world.stack.gateway.ask("policy-inference");
  return JSON.parse(body) as Status;
}

describe("an unsigned call", () => {
  test("that names another policy for a managed function, again and again, changes no proposal", async () => {
    const seen = world.heard.proposals.length;
    const calls = { count: 0, over: false };
    const attackers = Array.from({ length: AT_ONCE }, async (_, i) => {
      while (!calls.over) {
        await post(
          windowBody("stress", OTHERS[calls.count % OTHERS.length]!),
          i % 2 === 0 ? "text/plain" : "application/json",
        );
        calls.count++;
      }
    });
    await eventually(() => world.heard.proposals.length >= seen + 5, { timeoutMs: 90_000, what: "five proposals" });
    calls.over = true;
    await Promise.all(attackers);
    const proposals = world.heard.proposals.slice(seen);
    assert.ok(calls.count >= 20, `${calls.count} calls`);
    const foreign = proposals.filter(({ policy }) => policy.name !== POLICY);
    assert.deepEqual(
      foreign.map(({ seq, policy }) => [seq, policy.name]),
      [],
      `${foreign.length} of ${proposals.length} proposals were the attacker's`,
    );
    record(import.meta.filename, { inputs: calls.count, refused: calls.count });
  });

  test("leaves no function and no model behind", async () => {
    const before = await status();
    for (let i = 0; i < 100; i++) await post(windowBody(`nobody-${i}`, i % 2 === 0 ? OTHERS[0]! : "hpa"));
    const now = await status();
    assert.deepEqual(Object.keys(now.models.serving), Object.keys(before.models.serving));
    assert.deepEqual(Object.keys(now.functions), Object.keys(before.functions));
  });

  test("learns of no file whether it is there", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "oracle-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const answers = new Set<string>();
    for (const path of [folder, join(folder, "not-there"), "/etc", "/etc/passwd", "/root", "/proc/self/environ"]) {
      const { status, text } = await post(windowBody("victim", path));
      answers.add(`${status} ${text}`);
    }
    assert.equal(answers.size, 1, [...answers].join("\n"));
  });

  test("of a page that asks nobody is not computed", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
      assert.equal((await post(windowBody("stress", "hpa"), type)).status, 415, type);
    }
    const preflight = await fetch(`${world.stack.platform.url}/function/policy-inference`, {
      method: "OPTIONS",
      headers: { Origin: "https://example.com", "Access-Control-Request-Method": "POST" },
    });
    assert.equal(preflight.headers.get("access-control-allow-origin"), null);
    assert.equal(preflight.status, 405);
  });

  test("whose body does not come to its end takes one of a few places, and the windows go on when it leaves", async () => {
    const [asked, placesOf] = [40, readStack("stack.yml", {}).find(({ name }) => name === "policy-inference")!];
    const places = Number(placesOf.environment["max_inflight"]);
    const callers = await Promise.all(Array.from({ length: asked }, () => rawConnection(world.stack.platform.url)));
    const part = Buffer.alloc(2 ** 20, " ");
    for (const { socket } of callers) {
      socket.write(
        `POST /function/policy-inference HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${4 * 2 ** 20}\r\n\r\n`,
      );
      for (let i = 0; i < 3; i++) socket.write(part);
    }
    const refused = () => callers.filter((caller) => caller.text().startsWith("HTTP/1.1 429 ")).length;
    await eventually(() => refused() >= asked - places, { what: "no place for the others" });
    const [pid] = world.pidsOf("policy-inference");
    const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]);
    assert.ok(kilobytes < 400 * 1_024, `${kilobytes} kB`);
    for (const { socket } of callers) socket.destroy();
    const seen = world.heard.proposals.length;
    await eventually(() => world.heard.proposals.length > seen, { timeoutMs: 60_000, what: "a proposal" });
    assert.deepEqual(world.pidsOf("policy-inference"), [pid]);
  });

  test("that is large or nests deeply is refused before it is parsed", async () => {
    const megabytes = "[".repeat(6 * 2 ** 20);
    assert.equal((await post(megabytes)).status, 413);
    const deep = await post(`${"[".repeat(1_000)}${"]".repeat(1_000)}`);
    assert.equal(deep.status, 400);
    assert.match(deep.text, /nests more than 16 deep/);
    assert.equal((await post(`[${Array.from({ length: 5 }, () => windowBody("a", "hpa")).join(",")}]`)).status, 400);
  });
});
