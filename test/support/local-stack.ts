/** The whole stack on this machine for a test: real processes, real bus, real HTTP; nothing is left when the test ends. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { natsBus } from "#shared/adapters/nats/nats-bus.ts";
import { systemClock } from "#shared/adapters/system-clock.ts";
import type { Applied } from "#shared/core/decision.ts";
import type { LoadReport } from "#shared/core/load.ts";
import type { ModelNews } from "#shared/core/model.ts";
import type { Proposal } from "#shared/core/proposal.ts";
import type { MetricsWindow } from "#shared/core/window.ts";
import type { EventBus } from "#shared/ports/event-bus.ts";
import { recordPromises } from "#shared/live/run/promises.ts";
import { startLocalStack, type LocalStack } from "#services/local-openfaas/start/local-stack.ts";
import { eventually } from "./eventually.ts";

export interface TestStack {
  readonly home: string;
  readonly stack: LocalStack;
  readonly bus: EventBus;
  readonly timeLapse: number;
  readonly epochMs: number;
  /** What was received so far. */
  readonly heard: {
    readonly windows: MetricsWindow[];
    readonly proposals: Proposal[];
    readonly applied: Applied[];
    readonly loads: LoadReport[];
    readonly models: ModelNews[];
  };
  /** Process ids of a function's replicas, as the system sees them now. */
  pidsOf(functionName: string): number[];
  /** All processes that belong to this stack but the test's own. */
  processes(): number[];
  close(): Promise<void>;
}

export interface TestStackOptions {
  readonly timeLapse?: number;
  /** Which bus: the one `up` would choose, or the built-in broker even where nats-server is there. */
  readonly bus?: "any" | "built-in";
  readonly policy?: string;
  readonly stack?: string;
  /** Default `open`; `ce` has the community edition's limits. */
  readonly profile?: "open" | "ce";
  /** Every stack ends with the guard's promises, checked, unless a test forges what is decided itself, or measures what the loop takes. */
  readonly promises?: "not asked";
  /** Variables of stack.yml besides those that `up` sets. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Ten seconds of trace time a second by default, so that a window takes three. */
export async function startTestStack(options: TestStackOptions = {}): Promise<TestStack> {
  const { timeLapse = 10, policy = null } = options;
  const home = mkdtempSync(join(tmpdir(), "replicant-test-"));
  const epochMs = Date.now();
  const { NATS_URL: _url, ...inherited } = process.env;
  const env = { ...inherited, ...options.env };
  const stack = await startLocalStack({
    home,
    dist: join(process.cwd(), "dist"),
    epochMs,
    clock: systemClock,
    env: options.bus === "built-in" ? { ...env, PATH: "/nowhere" } : env,
    log: () => {},
    signal: new AbortController().signal,
    port: 0,
    profile: options.profile ?? "open",
    stack: options.stack ?? "stack.yml",
    policy,
    timeLapse,
  });
  const bus = await natsBus({ ...stack.busAccess.as("admin"), name: "test" });
  const promises = options.promises === "not asked" ? null : await recordPromises(bus, stack.functions);
  const heard: TestStack["heard"] = { windows: [], proposals: [], applied: [], loads: [], models: [] };
  await bus.subscribe("window", async ({ data }) => void heard.windows.push(data.window));
  await bus.subscribe("proposal", async ({ data }) => void heard.proposals.push(data.proposal));
  await bus.subscribe("applied", async ({ data }) => void heard.applied.push(data));
  await bus.subscribe("load", async ({ data }) => void heard.loads.push(data));
  await bus.subscribe("model", async ({ data }) => void heard.models.push(data));
  return {
    home,
    stack,
    bus,
    timeLapse,
    epochMs,
    heard,
    pidsOf: (functionName) =>
      processesWith(home)
        .filter(({ env: text }) => text.includes(`OPENFAAS_NAME=${functionName}\0`))
        .map(({ pid }) => pid),
    processes: () => processesWith(home).map(({ pid }) => pid),
    async close() {
      await bus.close();
      await stack.close();
      rmSync(home, { recursive: true, force: true });
      if (promises !== null) assert.deepEqual(promises().broken, [], "the guard's promises");
    },
  };
}

/** Processes whose environment or command line names the home. */
function processesWith(home: string): { readonly pid: number; readonly env: string }[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    try {
      const env = readFileSync(`/proc/${pid}/environ`, "utf8");
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return env.includes(home) || command.includes(home) ? [{ pid, env }] : [];
    } catch {
      return [];
    }
  });
}

/** Waits until `count` more windows of a function have been decided on, and returns those decisions. */
export async function decisionsAfterNow(
  { heard }: TestStack,
  count: number,
  { functionName = "stress", timeoutMs = 60_000 } = {},
): Promise<Applied[]> {
  const fromMs = heard.windows.at(-1)?.endedAtMs ?? 0;
  const later = () =>
    heard.applied.filter((one) => one.functionName === functionName && one.seq !== null && one.atMs > fromMs);
  await eventually(() => later().length >= count, { timeoutMs, what: `${count} decisions` });
  return later();
}

/**
 * Waits until a decision took replicas away, and returns it. Those that may be needed again soon stay for a while, and for
 * longer after a load that was served late, as it is on a busy machine.
 */
export function stepDown({ heard }: TestStack, { timeoutMs = 360_000 } = {}): Promise<Applied> {
  const isDown = ({ applied, current }: Applied) => applied !== null && current !== null && applied < current;
  return eventually(() => heard.applied.find(isDown), { timeoutMs, what: "a step down" }) as Promise<Applied>;
}
