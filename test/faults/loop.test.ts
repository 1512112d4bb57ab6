/** The whole loop under a steady load, while each part is killed, frozen and replaced: it decides on, and nothing is lost. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { natsPrograms } from "#test/support/nats-server.ts";
import { eventually } from "#test/support/eventually.ts";
import { keptEvents } from "#test/support/event-log.ts";
import { startTestStack, type TestStack } from "#test/support/local-stack.ts";
import { startSteadyLoad } from "#test/support/steady-load.ts";
import { faultsFor, PARTS } from "#shared/live/chaos/faults.ts";
import { planOf } from "#shared/live/chaos/plan.ts";
import { tryFaults, type Tried } from "#shared/live/chaos/try-faults.ts";
import { watch, type Watch } from "#shared/live/chaos/watch.ts";
import { openWorld, type OpenWorld } from "#shared/live/chaos/world.ts";
import { noteRunning } from "#shared/live/find-platform.ts";
import { managedOn, openPlatform, type LivePlatform } from "#shared/live/platform.ts";
import { statusOf } from "#shared/live/status.ts";
import { busServerPid } from "#services/local-openfaas/index.ts";
import { record } from "#test/support/faults/figures.ts";
import { assertPromises, scaleDownsOnMissing } from "#test/support/faults/promises.ts";

const FUNCTION = "stress";
/** What both the policy and the fallback rule want, so that anything below it comes of a fault. */
const SAFE = 4;
const RUN_MS = 10 * 60_000;

describe("the loop while its parts fail, one after another", { timeout: RUN_MS }, () => {
  let stack: TestStack;
  let platform: LivePlatform;
  let opened: OpenWorld;
  let told: Watch;

  before(async () => {
    stack = await startTestStack({
      policy: `fixed:${SAFE}`,
      env: { REPLICANT_FALLBACK_POLICY: `fixed:${SAFE}` },
    });
    const { url } = stack.stack.platform;
    await noteRunning(stack.home, { url, platformUrl: url, variables: stack.stack.variables });
    platform = await openPlatform(stack.home, "cli", () => {});
    const managed = await managedOn(platform, FUNCTION);
    const { signal } = new AbortController();
    opened = await openWorld({ home: stack.home, busServerPid, platform, managed, touchesMetrics: false, signal });
    told = await watch(platform.bus, FUNCTION);
    await startSteadyLoad(stack, Array<number>(400).fill(20), 0.05);
    await eventually(() => told.decisions().at(-1)?.applied === SAFE, { timeoutMs: 60_000, what: `${SAFE} replicas` });
  });
  after(async () => {
    await told?.close();
    await platform?.close();
    await stack?.close();
  });

  const tried = async (kind: string, names: readonly string[]): Promise<Tried[]> => {
    const faults = faultsFor(FUNCTION).filter(({ name }) => names.some((part) => name === `${kind} ${part}`));
    assert.equal(faults.length, names.length);
    const { signal } = new AbortController();
    const say = () => {};
    return tryFaults(planOf("loop", faults), { ...opened, watch: told, signal, say });
  };
  const assertHeld = (rows: readonly Tried[]) => {
    assert.deepEqual(
      rows.flatMap(({ fault, broken }) => broken.map((sentence) => `${fault}: ${sentence}`)),
      [],
    );
    const recoverySeconds = Math.max(...rows.map((one) => one.recoverySeconds ?? Infinity));
    record(import.meta.filename, { tried: rows.length, held: rows.length, recoverySeconds });
  };

  test("killed: another one works by itself, a decision follows within a window, and no count goes below", async () => {
    const fromMs = opened.nowMs();
    assertHeld(await tried("kill", [...PARTS, FUNCTION]));
    assertPromises({ windows: stack.heard.windows, applied: since(fromMs) }, { safe: SAFE, functionName: FUNCTION });
  });

  test("frozen: noticed, said and replaced, and the same holds", async () => {
    const fromMs = opened.nowMs();
    assertHeld(await tried("pause", [...PARTS, FUNCTION]));
    assertPromises({ windows: stack.heard.windows, applied: since(fromMs) }, { safe: SAFE, functionName: FUNCTION });
    for (const part of [...PARTS, FUNCTION]) assert.match(await logOf(part), /frozen: /, part);
  });

  test("replaced or killed in mid-scale: what another writer had taken away is there again", async () => {
    for (const [kind, part] of [...PARTS.map((one) => ["redeploy", one] as const), ["kill", "scaler"] as const]) {
      await opened.world.setCount(1);
      assertHeld(await tried(kind, [part]));
      const count = async () => (await platform.gateway.list()).find(({ name }) => name === FUNCTION)?.replicas;
      await eventually(async () => (await count()) === SAFE, { timeoutMs: 30_000, what: `${SAFE} replicas again` });
    }
  });

  test("afterwards every part is well, every promise of the guard was kept, and nothing acknowledged is lost", async () => {
    await eventually(async () => (await statusOf(platform.gateway)).every(({ isWell }) => isWell), {
      timeoutMs: 30_000,
      what: "every part is well",
    });
    assert.deepEqual(told.report().broken, []);
    const scaleDowns = scaleDownsOnMissing(stack.heard).length;
    assert.equal(scaleDowns, 0);
    if (natsPrograms().length === 0) return record(import.meta.filename, { scaleDownsOnMissing: scaleDowns });
    // Decisions go on while what is kept is read.
    const heardIds = stack.heard.applied.map(({ decisionId }) => decisionId);
    const keptIds = new Set((await keptEvents(stack.stack, "applied")).map(({ data }) => data.decisionId));
    const lost = heardIds.filter((decisionId) => !keptIds.has(decisionId));
    assert.deepEqual(lost, []);
    record(import.meta.filename, { scaleDownsOnMissing: scaleDowns, acknowledgedLost: lost.length });
  });

  /** What the platform said of a part, and the part itself. */
  async function logOf(part: string): Promise<string> {
    const { url, user, password } = stack.stack.platform;
    const query = new URLSearchParams({ name: part, follow: "false" });
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    return (await fetch(`${url}/system/logs?${query.toString()}`, { headers: { authorization } })).text();
  }

  function since(fromMs: number) {
    return stack.heard.applied.filter(({ atMs }) => atMs > fromMs);
  }
});
