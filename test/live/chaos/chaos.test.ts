/** `replicant chaos` beside a platform that runs: it asks first, breaks what the plan says, and leaves everything as it was. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";

import { eventually } from "#test/support/eventually.ts";
import { startLiveCommand, type LiveCommand } from "#test/support/live-command.ts";
import { readChaosFlags, reportLines } from "#services/cli/chaos.ts";
import { chosenFaults, hasHeld, type ChaosReport } from "#shared/live/chaos/chaos.ts";
import { METRICS_WAYS, startMetricsProxy, withValues } from "#shared/live/chaos/metrics-proxy.ts";

const EXPOSITION = 'calls_total{code="200",name="a b"} 12\n# TYPE up gauge\nup 1 1700000000000\n';

test("chaos: every bad flag is named at once, and a word that no fault begins with is answered with those there are", () => {
  assert.throws(() => readChaosFlags({ faults: "0", minutes: "soon" }), /--faults must be .*\n.*--minutes must be/s);
  assert.throws(
    () => chosenFaults("stress", ["burn"]),
    /no fault begins with 'burn'; there are: kill metrics-collector/,
  );
  assert.deepEqual(
    chosenFaults("stress", ["kill s", "second"]).map(({ name }) => name),
    ["kill scaler", "kill stress", "second writer"],
  );
});

test("chaos: the report has a row a fault, what broke in sentences, and held only when nothing did", () => {
  const tried = [
    { fault: "kill scaler", recoveryWindows: 1, recoverySeconds: 2, broken: [] },
    {
      fault: "pause bus",
      recoveryWindows: null,
      recoverySeconds: null,
      broken: ["not within 42 s: a decision after it"],
    },
  ];
  const read = { tick: 9, window: 3, proposal: 3, applied: 3, model: 0, load: 0, repeated: 0 };
  const promises = { broken: [], checked: {}, read } as unknown as ChaosReport["promises"];
  const report = { seed: "7", tried, promises };
  assert.equal(hasHeld(report), false);
  assert.equal(hasHeld({ ...report, tried: tried.slice(0, 1) }), true);
  assert.deepEqual(reportLines(report), [
    "fault        held  decided on window  seconds",
    "kill scaler  yes                   1      2.0",
    "pause bus    no                    –        –",
    "",
    "seed 7: 1 of 2 faults held; 3 decisions checked, 0 promises broken",
    "broken: pause bus: not within 42 s: a decision after it",
  ]);
});

test("chaos: the metrics between are wrong in one way at a time, and right again", async (t) => {
  assert.equal(withValues(EXPOSITION, () => "NaN").split("\n")[0], 'calls_total{code="200",name="a b"} NaN');
  assert.equal(withValues(EXPOSITION, () => "NaN").split("\n")[2], "up NaN 1700000000000");
  let value = 0;
  const source = createServer((_request, response) => void response.end(`up ${++value}\n`));
  await new Promise<void>((resolve) => source.listen(0, "127.0.0.1", resolve));
  t.after(() => source.close().closeAllConnections());
  const proxy = await startMetricsProxy(`http://127.0.0.1:${(source.address() as AddressInfo).port}`);
  t.after(() => proxy.close());
  const read = async () => {
    const answer = await fetch(proxy.url, { signal: AbortSignal.timeout(500) });
    return `${answer.status} ${await answer.text()}`;
  };
  assert.equal(await read(), "200 up 1\n");
  const heard = new Map<string, string>();
  for (const way of METRICS_WAYS) {
    proxy.answer(way);
    heard.set(way, await read().catch(() => "no answer"));
  }
  proxy.answer(null);
  assert.match(await read(), /^200 up \d+\n$/);
  const { frozen, ...others } = Object.fromEntries(heard);
  assert.deepEqual(others, {
    ...{ cut: "no answer", hanging: "no answer", empty: "200 ", NaN: "200 up NaN\n" },
    ...{ "500": "500 internal error\n", negative: "200 up -3\n" },
  });
  assert.equal(frozen, "200 up 3\n");
});

describe("chaos on a running platform", () => {
  let command: LiveCommand;
  before(async () => {
    command = await startLiveCommand(10, 10);
  });
  after(() => command?.close());

  test("without a confirmation nothing is done: exit 2 and one sentence", async (t) => {
    const { code, stderr } = await command.line(t).run("chaos", "--faults", "1");
    assert.equal(code, 2);
    assert.match(stderr, /^replicant: this breaks what runs, for a while: confirm with --yes$/m);
  });

  test("faults in processes, metrics and bus: a row each, all held, and the collector reads the gateway again", async (t) => {
    const { gateway } = command.world.stack;
    const words = ["--yes", "--json", "--only", "kill scaler,metrics NaN,metrics cut,kill bus", "--faults", "4"];
    const { code, stdout, stderr } = await command.line(t).run("chaos", ...words, "--seed", "3");
    assert.equal(code, 0, stdout + stderr);
    const { tried, promises } = JSON.parse(stdout) as ChaosReport;
    assert.deepEqual(tried.map(({ fault }) => fault).sort(), ["kill bus", "kill scaler", "metrics NaN", "metrics cut"]);
    assert.ok(tried.every(({ recoveryWindows }) => recoveryWindows !== null));
    assert.ok(promises.read.applied > 0);
    const { environment } = command.world.stack.functions.find(({ name }) => name === "metrics-collector")!;
    const collector = () => command.world.pidsOf("metrics-collector");
    await eventually(async () => collector().length === 1 && (await gateway.ask("metrics-collector")).status === 200);
    const given = readFileSync(`/proc/${collector()[0]}/environ`, "utf8").split("\0");
    assert.ok(given.includes(`FUNCTION_METRICS_URL=${environment["FUNCTION_METRICS_URL"]}`));
  });
});
