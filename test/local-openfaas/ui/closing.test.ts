/** The page ends with its platform. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startGateway } from "#services/local-openfaas/gateway/gateway.ts";
import { listen } from "#services/local-openfaas/gateway/listener.ts";
import { createSecretStore } from "#services/local-openfaas/provider/secrets.ts";
import { mountUi } from "#services/local-openfaas/ui/mount.ts";
import { FakeProvider } from "#test/support/fake-provider.ts";
import { credentials } from "#test/support/gateway.ts";
import { openEvents } from "#test/support/local-openfaas/sse.ts";

test("ui: open streams are ended when the gateway closes, not cut after the grace", async (t) => {
  const home = await mkdtemp(join(tmpdir(), "ui-"));
  t.after(() => rm(home, { recursive: true }));
  const listener = await listen("127.0.0.1", 0);
  const gateway = startGateway({
    listener,
    metricsListener: await listen("127.0.0.1", 0),
    provider: new FakeProvider(),
    secrets: createSecretStore(home),
    credentials,
    profile: "open",
    mountUi: mountUi({ folder: home, limits: "limits: none", log: () => {} }),
    log: () => {},
  });
  const stream = await openEvents(listener.url);
  await stream.first("state");
  // A cut connection would make the reader reject; and the test's own time-out is shorter than this grace.
  await gateway.close(10 * 60_000);
  await stream.ended;
  assert.equal(stream.response.status, 200);
});
