/** What a log line says of an error. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { errorForLog } from "#shared/host/log.ts";

test("log: of an error its words and causes are logged, not what hangs on it", () => {
  const cause = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", config: { auth: "hush" } });
  const thrown = Object.assign(new Error("no answer", { cause }), { request: { headers: { authorization: "hush" } } });
  const told = errorForLog(thrown) as { type: string; message: string; stack: string; cause: object };
  assert.equal(told.type, "Error");
  assert.equal(told.message, "no answer");
  assert.match(told.stack, /log\.test\.ts/);
  assert.deepEqual(
    { ...told.cause, stack: null },
    { type: "Error", message: "connect ECONNREFUSED", code: "ECONNREFUSED", stack: null },
  );
  assert.ok(!JSON.stringify(told).includes("hush"));
  assert.deepEqual(errorForLog("a text"), { message: "a text" });
});
