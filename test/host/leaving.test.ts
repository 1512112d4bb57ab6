/** How long a workload goes on answering after SIGTERM: the watchdog's own settings decide, up to a limit. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { lingerMs } from "#shared/host/leaving.ts";

for (const { name, env, want } of [
  {
    name: "as long as the watchdog takes calls",
    env: { healthcheck_interval: "2s", write_timeout: "4s" },
    want: 2_000,
  },
  { name: "the watchdog's own default", env: { write_timeout: "3s" }, want: 3_000 },
  { name: "bare seconds", env: { healthcheck_interval: "1" }, want: 1_000 },
  { name: "Go's parts", env: { healthcheck_interval: "1s500ms" }, want: 1_500 },
  { name: "no longer than a cluster needs", env: { write_timeout: "1m5s" }, want: 5_000 },
  { name: "nothing set", env: {}, want: 5_000 },
  { name: "nothing that can be read", env: { healthcheck_interval: "soon" }, want: 5_000 },
]) {
  test(`after SIGTERM: ${name}`, () => assert.equal(lingerMs(env), want));
}
