/** `replicant freeze --scaler`: the same signed order, at the scaler's own address. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { CallVerifier } from "#shared/host/call-verifier.ts";
import { commandLine } from "#test/support/command-line.ts";

const KEY = "a-key-for-the-order";

/** A scaler's door: takes an order signed for `scaler` at `/`, and says what it was. */
async function aScaler(t: TestContext): Promise<string> {
  const verifier = new CallVerifier({ keys: () => [KEY], monotonicMs: () => performance.now(), log: () => {} });
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => (body += String(piece)));
    request.on("end", () => {
      const call = { ...request, headers: request.headers, method: request.method!, path: request.url!, query: {} };
      const { verdict } = verifier.judge({ ...call, body, functionName: "scaler", nowMs: Date.now() });
      if (!verdict.ok) return response.writeHead(401).end(JSON.stringify({ error: verdict.because }));
      const { action, functionName, by } = JSON.parse(body) as Record<string, string>;
      response.end(JSON.stringify({ frozen: `${action} ${functionName} by ${by}`, kept: ["here"] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("freeze: at the scaler's own address the order is good, and without the key it is refused", async (t) => {
  const line = commandLine(t);
  const keyFile = join(line.home, "key");
  writeFileSync(keyFile, KEY);
  const scaler = await aScaler(t);
  const order = ["stress", "--scaler", scaler, "--key-file"];
  const taken = await line.run("freeze", ...order, keyFile, "--by", "ada");
  assert.deepEqual([taken.code, taken.stdout, taken.stderr], [0, "frozen: freeze stress by ada\n", ""]);
  writeFileSync(keyFile, "another-key");
  const refused = await line.run("thaw", ...order, keyFile);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /^replicant: the signature/);
});

test("freeze: an address that is none is one sentence", async (t) => {
  const line = commandLine(t);
  const keyFile = join(line.home, "key");
  writeFileSync(keyFile, KEY);
  const { code, stderr } = await line.run("freeze", "--scaler", "scaler:8080", "--key-file", keyFile);
  assert.equal(code, 2);
  assert.equal(stderr, "replicant: --scaler must be an http or https address, was 'scaler:8080'\n");
});
