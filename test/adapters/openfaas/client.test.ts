/** Errors of calls to a gateway: reported in words, and without the credentials of the call. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";

import { openfaasGateway } from "#shared/adapters/openfaas/function-gateway.ts";

test("gateway client: an error holds nothing of the request's credentials", async () => {
  const gateway = openfaasGateway({ url: "http://127.0.0.1:9", user: "admin", password: "open-sesame" });
  await assert.rejects(gateway.list(), (thrown: Error & { code?: string }) => {
    assert.equal(thrown.code, "ECONNREFUSED");
    assert.match(thrown.message, /ECONNREFUSED/);
    const everything = inspect(thrown, { depth: 20, showHidden: true });
    for (const secret of ["open-sesame", Buffer.from("admin:open-sesame").toString("base64")]) {
      assert.ok(!everything.includes(secret), everything);
    }
    return true;
  });
});
