/** The loop in one process: collector, connector, policy-inference and scaler as they are, each with clocks of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

import { soleLease } from "#shared/adapters/lease/sole-lease.ts";
import { memoryBus } from "#test/support/memory-bus.ts";
import { MemoryScaleTarget } from "#test/support/memory-scale-target.ts";
import { folderRegistry } from "#shared/adapters/model-registry/folder.ts";
import { shippedModels } from "#shared/adapters/model-registry/shipped.ts";
import { openfaasManagedFunctions } from "#shared/adapters/openfaas/managed-functions.ts";
import { ManualClock } from "#test/support/manual-clock.ts";
import type { Clock } from "#shared/core/clock.ts";
import type { Applied } from "#shared/core/decision.ts";
import { GUARD_DEFAULTS } from "#shared/guard/guard.ts";
import { instantKey } from "#shared/core/proposal.ts";
import type { MetricsWindow } from "#shared/core/window.ts";
import { makeEvent, readEvent } from "#shared/events/codec.ts";
import { Activity } from "#shared/host/activity.ts";
import type { Log } from "#shared/host/log.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import type { MetricsSource } from "#shared/ports/metrics-source.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { eventually } from "#test/support/eventually.ts";
import { kernelBytes } from "#test/support/kernel.ts";
import { createAssignments } from "#functions/policy-inference/assignments.ts";
import { createInference } from "#functions/policy-inference/inference.ts";
import { createModels } from "#functions/policy-inference/models.ts";
import { createConnector } from "#services/connector/connector.ts";
import { createCollector } from "#services/metrics-collector/collector.ts";
import { scrapedSource } from "#services/metrics-collector/scraped-source.ts";
import { LastControls } from "#services/metrics-collector/last-controls.ts";
import { LimitsOfFunctions } from "#services/metrics-collector/learned-limits.ts";
import { createScaler } from "#services/scaler/scaler.ts";
import { MetricsWorld } from "./metrics-world.ts";

export const PARTS = ["collector", "connector", "inference", "scaler"] as const;
export type Part = (typeof PARTS)[number];

const SHIPPED = join(import.meta.dirname, "../../../shared/models");
export const WINDOW_SECONDS = 30;

export interface LoopOptions {
  readonly policy?: string;
  readonly replicas?: number;
  readonly min?: number;
  readonly timeLapse?: number;
  readonly tickSeconds?: number;
  /** How wrong each part's wall clock is from the beginning. */
  readonly skewMs?: Partial<Record<Part, number>>;
  /** Instead of scraping in this process. */
  readonly source?: (world: MetricsWorld, clock: ManualClock) => MetricsSource;
}

export type Loop = Awaited<ReturnType<typeof startLoop>>;

export async function startLoop(t: TestContext, options: LoopOptions = {}) {
  const {
    policy = "model:lstm-ppo-plus",
    replicas = 8,
    min = 1,
    timeLapse = 1,
    tickSeconds = 2,
    skewMs = {},
  } = options;
  const home = await mkdtemp(join(tmpdir(), "replicant-loop-"));
  const epochMs = 1_700_000_000_000;
  const clock = new ManualClock(epochMs);
  const skews: Record<Part, number> = { collector: 0, connector: 0, inference: 0, scaler: 0, ...skewMs };
  // Monotonic clocks begin anywhere.
  const steady = (part: Part): Clock => ({
    nowMs: () => clock.nowMs() - 1_699_999_000_000 + PARTS.indexOf(part) * 7_777_777,
    sleep: (ms, signal) => clock.sleep(ms, signal),
  });
  const wall = (part: Part): Clock => ({
    nowMs: () => clock.nowMs() + skews[part],
    sleep: (ms, signal) => clock.sleep(ms, signal),
  });
  const said: string[] = [];
  const log: Log = {
    info: () => {},
    debug: () => {},
    warn: (fields, message) => void said.push(`${message}: ${JSON.stringify(fields)}`),
    error: (fields, message) => void said.push(`${message}: ${JSON.stringify(fields)}`),
  };

  const bus = memoryBus({ clock });
  const target = new MemoryScaleTarget();
  target.set("stress", replicas);
  const world = new MetricsWorld(target);
  world.annotations = {
    ...{ "replicant.mode": "auto", "replicant.policy": policy, "replicant.min": String(min), "replicant.max": "12" },
    "replicant.target-in-flight": "2",
  };
  const windows: MetricsWindow[] = [];
  const applied: Applied[] = [];
  await bus.subscribe("window", async ({ data }) => void windows.push(data.window));
  await bus.subscribe("applied", async ({ data }) => void applied.push(data));

  const kernel = await kernelBytes;
  const registry = folderRegistry(home);
  const models = createModels({
    registry,
    source: shippedModels(SHIPPED),
    makeEngine: (spec, weights) => createWasmEngine(kernel, spec, weights),
  });
  const nowMs = () => steady("inference").nowMs();
  const assignments = createAssignments({ registry, models, nowMs, log: (line) => said.push(line) });
  await bus.subscribe("model", ({ data }) => assignments.refresh(data.functionName));
  const inference = createInference({ assignments, nowMs });

  let calls = 0;
  const invoke = async (_name: string, body: string) => {
    calls++;
    return answer(body).finally(() => calls--);
  };
  const refusals: string[] = [];
  /** As the function answers a signed call. */
  async function answer(body: string) {
    const json: unknown = JSON.parse(body);
    const closed = (Array.isArray(json) ? json : [json]).map((one) => readEvent("window", one).data);
    const results = await inference.step(closed);
    for (const [i, result] of results.entries()) {
      if (result.kind === "refused") refusals.push(result.because);
      if (result.kind !== "proposal") continue;
      const { managed, window } = closed[i]!;
      const { proposal } = result;
      const key = instantKey(proposal.endedAtMs, proposal.generation);
      const about = {
        source: "policy-inference",
        subject: proposal.functionName,
        key,
        nowMs: wall("inference").nowMs(),
      };
      await bus.publish(makeEvent("proposal", { ...about, data: { managed, proposal, window } }));
    }
    return { status: 200, body: "" };
  }

  const activities = new Map(PARTS.map((part) => [part, new Activity(() => steady(part).nowMs())]));
  const activity = (part: Part) => activities.get(part)!;
  const limits = new LimitsOfFunctions();
  const controls = new LastControls();
  await bus.subscribe("applied", async ({ data }) => {
    limits.learn(data);
    controls.onApplied(data);
  });
  let generations = 0;
  const aCollector = () =>
    createCollector({
      source: options.source?.(world, clock) ?? scrapedSource({ endpoint: world, timeLapse }),
      ...{ gateway: world, bus, limits, controls, log, activity: activity("collector") },
      ...{ clock: wall("collector"), monotonic: steady("collector"), generation: `g${++generations}` },
      traceTime: { timeLapse, epochMs },
      ...{ windowSeconds: WINDOW_SECONDS, tickSeconds },
    });
  const connector = createConnector({
    ...{ bus, log, key: () => null, rebuildSeconds: 5, windowSeconds: WINDOW_SECONDS, activity: activity("connector") },
    ...{ gateway: { list: world.list, invoke }, clock: wall("connector"), monotonic: steady("connector") },
  });
  const scaler = createScaler({
    ...{
      functions: openfaasManagedFunctions(world),
      bus,
      target,
      log,
      lease: soleLease(),
      settings: GUARD_DEFAULTS,
      windowSeconds: WINDOW_SECONDS,
    },
    ...{ fallback: policyByName("openfaas-pro"), activity: activity("scaler") },
    ...{ clock: wall("scaler"), monotonic: steady("scaler") },
  });

  const ending = new AbortController();
  const running = [connector.run(ending.signal), scaler.run(ending.signal)];
  let collector = aCollector();
  let collecting = new AbortController();
  let collection = collector.run(collecting.signal);
  t.after(async () => {
    collecting.abort();
    ending.abort();
    await Promise.all([...running, collection]);
    await bus.close();
    await rm(home, { recursive: true });
  });
  const listed = () => eventually(() => collector.status().managed.length > 0, { everyMs: 1, what: "the first look" });
  await listed();
  await eventually(() => scaler.status().managed.functions !== null, { everyMs: 1, what: "the scaler's first list" });

  /** Lets the parts do what has come to them. */
  async function settle(): Promise<void> {
    const turns = async () => {
      for (let turn = 0; turn < 25; turn++) await new Promise((resolve) => setImmediate(resolve));
    };
    await turns();
    // A model may be read and compiled meanwhile: no time passes here until then.
    await eventually(() => calls === 0, { everyMs: 1, timeoutMs: 60_000, what: "policy-inference answers" });
    await turns();
  }

  return {
    ...{ clock, world, target, windows, applied, said, skews, scaler, connector, bus, registry, assignments, refusals },
    activity,
    /** How much is remembered where names come and go, as far as the parts report it. */
    sizes: () => ({
      inference: Object.keys(inference.memory()).length,
      scaler: Object.keys(scaler.status().functions).length,
      collector: collector.status().managed.length,
      ages: [...activities.values()].reduce((sum, one) => sum + Object.keys(one.ages()).length, 0),
    }),
    get collector() {
      return collector;
    },
    /** Seconds of trace time, tick by tick. */
    async pass(seconds: number): Promise<void> {
      for (let passed = 0; passed < seconds; passed += tickSeconds) {
        world.pass(tickSeconds);
        const { ticks } = collector.status();
        await clock.advance((tickSeconds * 1_000) / timeLapse);
        // Mostly a few turns are enough, and a timer takes longer.
        for (let turn = 0; turn < 25 && collector.status().ticks === ticks; turn++) await new Promise(setImmediate);
        await eventually(() => collector.status().ticks > ticks, { everyMs: 1, what: "a tick" });
        await settle();
      }
    },
    async restartCollector(): Promise<void> {
      collecting.abort();
      await collection;
      collecting = new AbortController();
      collector = aCollector();
      collection = collector.run(collecting.signal);
      await listed();
    },
  };
}
