/** How long a call may take. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { callDeadline } from "#services/local-openfaas/gateway/invocation/deadline.ts";

const EXEC = "exec_timeout";
const ASKED = "X-Timeout";
const GATEWAY = "the gateway's upstream_timeout";

for (const { name, exec, asked, want } of [
  { name: "the function's own limit", exec: 30_000, asked: null, want: [30_000, EXEC] },
  { name: "a caller may ask for less", exec: 30_000, asked: "5s", want: [5_000, ASKED] },
  { name: "in Go's words", exec: 30_000, asked: "1s500ms", want: [1_500, ASKED] },
  { name: "in bare seconds", exec: 30_000, asked: "2", want: [2_000, ASKED] },
  { name: "but not for more", exec: 30_000, asked: "45s", want: [30_000, EXEC] },
  { name: "where the function has no limit, too", exec: 0, asked: "45s", want: [45_000, ASKED] },
  { name: "never for more than the gateway allows", exec: 0, asked: "5m", want: [60_000, GATEWAY] },
  { name: "a function may ask for too much as well", exec: 90_000, asked: null, want: [60_000, GATEWAY] },
  { name: "what is no duration asks for nothing", exec: 30_000, asked: "soon", want: [30_000, EXEC] },
  { name: "a megabyte of digits asks for nothing", exec: 30_000, asked: "1".repeat(1e6), want: [30_000, EXEC] },
  { name: "nothing at all is no limit", exec: 30_000, asked: "0s", want: [30_000, EXEC] },
]) {
  test(`deadline: ${name}`, () => {
    const headers = ["Host", "h", ...(asked === null ? [] : ["x-timeOUT", asked])];
    const { ms, limit } = callDeadline(headers, exec, 60_000);
    assert.deepEqual([ms, limit], want);
  });
}
