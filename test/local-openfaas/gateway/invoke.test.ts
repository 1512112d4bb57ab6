/** Synchronous invocation through the gateway: what passes, what is added, what is refused, what is counted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startTestGateway } from "../../support/gateway.ts";

test("invoke: a call passes with its path, query and body, and is counted", async (t) => {
  const gateway = await startTestGateway(t, {
    handlers: {
      echo: (request, response) => {
        response.setHeader("X-Seen", `${request.method} ${request.url}`);
        request.pipe(response);
      },
    },
  });
  await gateway.deploy("echo");
  for (const name of ["echo", "echo.openfaas-fn"]) {
    const response = await fetch(`${gateway.url}/function/${name}/a/b?c=d`, { method: "POST", body: "hello" });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "hello");
    assert.equal(response.headers.get("x-seen"), "POST /a/b?c=d");
  }
  assert.equal(
    await gateway.metric('gateway_function_invocation_total{function_name="echo.openfaas-fn",code="200"}'),
    2,
  );
  assert.equal(await gateway.metric('gateway_function_invocation_started{function_name="echo.openfaas-fn"}'), 2);
});
