/** `replicant freeze` on the running platform: with the bus stopped, through `kill -9`, until `thaw`. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { openfaasScaleTarget } from "#shared/adapters/openfaas/scale-target.ts";
import { commandLine } from "#test/support/command-line.ts";
import { eventually } from "#test/support/eventually.ts";
import { passwordOf } from "#shared/live/find-platform.ts";
import { decisionsAfterNow, startTestStack } from "#test/support/local-stack.ts";
import { recordEachTest } from "#test/support/faults/figures.ts";

recordEachTest(import.meta.filename);

for (const bus of ["any", "built-in"] as const) {
  test(`freeze holds everything without the bus, and after kill -9, until thaw (bus: ${bus})`, async (t) => {
    const world = await startTestStack({ policy: "fixed:3", bus });
    t.after(() => world.close());
    const { stack, heard, home } = world;
    const { run } = commandLine(t, { REPLICANT_HOME: home });
    const replicas = async () => (await stack.gateway.list()).find(({ name }) => name === "stress")!.replicas;
    const address = ["--gateway", stack.platform.url];
    await eventually(async () => (await replicas()) === 3, { timeoutMs: 60_000, what: "three replicas" });

    const busPid = stack.bus.pid;
    assert.ok(busPid !== null, "a bus of its own, as a process");
    process.kill(busPid, "SIGSTOP");
    const frozen = await run("freeze", "--by", "tester", ...address).finally(() => process.kill(busPid, "SIGCONT"));
    assert.deepEqual([frozen.code, frozen.stderr], [0, ""]);
    assert.match(frozen.stdout, /^frozen: everything, by tester since \d{4}-\d\d-\d\dT/);

    const [before] = world.pidsOf("scaler");
    process.kill(before!, "SIGKILL");
    await eventually(() => world.pidsOf("scaler").some((pid) => pid !== before), { timeoutMs: 30_000 });
    // Somebody else's hand: what the policy would mend at once, were it not frozen.
    await openfaasScaleTarget({ url: stack.platform.url, user: "admin", password: passwordOf(home) }).scale(
      "stress",
      "openfaas-fn",
      1,
    );
    const held = (await decisionsAfterNow(world, 3)).slice(-3);
    for (const { reason, desired, current } of held) {
      assert.match(reason, /frozen by tester since/);
      assert.equal(desired, current);
    }
    assert.equal(await replicas(), 1);
    const status = await run("status", ...address);
    assert.match(status.stdout, /^scaler .*frozen everything, by tester since/m);

    const typo = await run("freeze", "strss", ...address);
    assert.deepEqual([typo.code, typo.stderr], [2, "replicant: no function 'strss' is managed\n"]);
    const unsigned = await run("thaw", "--key-file", "package.json", ...address);
    assert.equal(unsigned.code, 2);
    const thawed = await run("thaw", ...address);
    assert.deepEqual([thawed.code, thawed.stdout, thawed.stderr], [0, "frozen: nothing\n", ""]);
    await eventually(async () => (await replicas()) === 3, { timeoutMs: 60_000, what: "three replicas again" });
    await eventually(() => heard.applied.some(({ applied }) => applied === 3), {
      what: "the report of three replicas",
    });
  });
}
