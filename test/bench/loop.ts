/** A hundred managed functions in one loop: does every part keep its windows, and what CPU does each take? */
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";

import { nextWindowEndMs, toTraceMs, toWallMs } from "#shared/core/trace-time.ts";
import type { ReplicantEvent } from "#shared/events/types.ts";
import { quantilesOf } from "#shared/load/quantiles.ts";
import { eventually } from "../support/eventually.ts";
import { startTestStack, type TestStack } from "../support/local-stack.ts";
import type { Row, Section } from "./section.ts";

const functions = 100;
/** Have a replica and are called once a second each; the others are at zero, as idle functions are. */
const busy = 10;
const windows = 6;
/** Ten seconds a window: three times the work of real time. */
const timeLapse = 3;
const windowSeconds = 30;
const windowMs = windowSeconds * 1_000;
/**
 * Before it counts: the fallback rule decides on functions that the loop has just met, its parts' code is new, and windows have
 * no history.
 */
const warmUpWindows = 8;
const parts = ["metrics-collector", "connector", "policy-inference", "scaler"] as const;
const steps = ["window", "proposal", "applied"] as const;
type Step = (typeof steps)[number];

const nameOf = (i: number) => `managed-${i}`;

export const loopSection: Section = {
  name: `loop: ${functions} managed functions, ${busy} of them busy, ${windows} windows at time-lapse ${timeLapse}`,
  run: async () => {
    const world = await startTestStack({ timeLapse, promises: "not asked" });
    try {
      const deployedMs = await deployAll(world);
      const loadBefore = loadavg()[0]!;
      const { latenessMs, decidedBy, span, calls } = await watch(world);
      return [
        {
          what: `deploying ${functions} functions, until the collector knows all`,
          value: deployedMs / 1_000,
          unit: "s",
        },
        ...steps.flatMap((step) => lateRows(step, latenessMs[step])),
        ...[...decidedBy].map(([trigger, count]) => ({ what: `decided by ${trigger}`, value: count, unit: "windows" })),
        ...(await droppedRows(world)),
        ...cpuRows(span),
        { what: "calls answered meanwhile", value: calls, unit: "calls" },
        {
          what: "load average before it began",
          value: loadBefore,
          unit: "",
          note: "what else runs here is felt above",
        },
      ];
    } finally {
      await world.close();
    }
  },
};

async function deployAll({ stack }: TestStack): Promise<number> {
  const startedAtMs = performance.now();
  const { image, environment } = stack.functions.find(({ name }) => name === "stress")!;
  for (let i = 0; i < functions; i++) {
    const least = i < busy ? "1" : "0";
    await stack.platform.deploy({
      service: nameOf(i),
      image,
      envProcess: "node index.js",
      envVars: environment,
      labels: { "com.openfaas.scale.min": least, "com.openfaas.scale.max": "3" },
      annotations: { "replicant.mode": "auto", "replicant.policy": "openfaas-pro", "replicant.target-in-flight": "2" },
      limits: { cpu: "100m", memory: "128Mi" },
      requests: { cpu: "100m", memory: "128Mi" },
    });
  }
  const allKnown = async () => {
    const { body } = await stack.gateway.ask("metrics-collector");
    return (JSON.parse(body) as { managed: string[] }).managed.length > functions;
  };
  await eventually(allKnown, { timeoutMs: 120_000, everyMs: 200, what: `${functions} functions are known` });
  return performance.now() - startedAtMs;
}

interface Watched {
  /** From the window's edge to the event that a part made of it, real milliseconds; one for each function and window. */
  readonly latenessMs: Readonly<Record<Step, number[]>>;
  /** The policy's proposal, or the fallback rule where that came too late. */
  readonly decidedBy: ReadonlyMap<string, number>;
  readonly span: { readonly cpuSeconds: ReadonlyMap<string, number>; readonly seconds: number };
  readonly calls: number;
}

async function watch(world: TestStack): Promise<Watched> {
  const traceTime = { timeLapse, epochMs: world.epochMs };
  const nextMs = nextWindowEndMs(toTraceMs(Date.now(), traceTime), windowSeconds, traceTime);
  const fromMs = nextMs + warmUpWindows * windowMs;
  const untilMs = fromMs + windows * windowMs;
  const latenessMs: Record<Step, number[]> = { window: [], proposal: [], applied: [] };
  const decidedBy = new Map<string, number>();
  const note = (step: Step, functionName: string, endedAtMs: number, { time }: ReplicantEvent) => {
    if (!functionName.startsWith("managed-") || endedAtMs <= fromMs || endedAtMs > untilMs) return;
    latenessMs[step].push(Date.parse(time) - toWallMs(endedAtMs, traceTime));
  };
  await world.bus.subscribe("window", async (event) => {
    const { functionName, endedAtMs } = event.data.window;
    note("window", functionName, endedAtMs, event);
  });
  await world.bus.subscribe("proposal", async (event) => {
    const { functionName, endedAtMs } = event.data.proposal;
    note("proposal", functionName, endedAtMs, event);
  });
  await world.bus.subscribe("applied", async (event) => {
    // Decisions of the floor belong to a tick, not to a window.
    const { seq, functionName, trigger } = event.data;
    if (seq === null) return;
    const before = latenessMs.applied.length;
    // Not its `atMs`: the guard's time has moved on when a tick came before a late proposal.
    note("applied", functionName, world.epochMs + seq * windowMs, event);
    if (latenessMs.applied.length > before) decidedBy.set(trigger, (decidedBy.get(trigger) ?? 0) + 1);
  });

  const calling = startCalls(world);
  const lastMs = toWallMs(untilMs, traceTime) - Date.now();
  const hasBegun = () => Date.now() >= toWallMs(fromMs, traceTime);
  await eventually(hasBegun, { timeoutMs: lastMs + 20_000, what: "the first edge" });
  const before = cpuByProcess(world);
  const startedAtMs = performance.now();
  const wanted = functions * windows;
  // What never comes is told in the rows.
  await eventually(() => latenessMs.applied.length >= wanted, {
    timeoutMs: lastMs + 20_000,
    everyMs: 100,
    what: "all decisions",
  }).catch(() => undefined);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const cpuSeconds = new Map([...cpuByProcess(world)].map(([name, used]) => [name, used - (before.get(name) ?? 0)]));
  return { latenessMs, decidedBy, span: { cpuSeconds, seconds }, calls: await calling() };
}

/** One call a second for each busy function, until the returned function is called. */
function startCalls({ stack }: TestStack): () => Promise<number> {
  const pending: Promise<boolean>[] = [];
  let next = 0;
  const timer = setInterval(() => {
    const call = stack.gateway.invoke(nameOf(next++ % busy), `{"cpuMs":5}`);
    pending.push(call.then(({ status }) => status === 200).catch(() => false));
  }, 1_000 / busy);
  return async () => {
    clearInterval(timer);
    return (await Promise.all(pending)).filter((ok) => ok).length;
  };
}

/** CPU-seconds so far, user and system. The platform's gateway and provider run in this process. */
function cpuByProcess(world: TestStack): Map<string, number> {
  const { user, system } = process.cpuUsage();
  const used = new Map([["platform (gateway and provider) with this bench", (user + system) / 1e6]]);
  const known = new Set<number>();
  for (const part of parts) {
    const pids = world.pidsOf(part);
    for (const pid of pids) known.add(pid);
    used.set(
      part,
      pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0),
    );
  }
  const bus = world.processes().filter((pid) => !known.has(pid) && commandOf(pid).includes("nats-server"));
  used.set(
    "nats-server",
    bus.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0),
  );
  return used;
}

/** Linux counts in hundredths of a second here. */
const TICKS_A_SECOND = 100;

function cpuSecondsOf(pid: number): number {
  try {
    // Fields 14 and 15, counted behind the name, which may hold blanks.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
  } catch {
    return 0;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

const SAID: Readonly<Record<Step, string>> = {
  window: "window closed (collector)",
  proposal: "proposed (inference)",
  applied: "decided and applied (scaler)",
};

function lateRows(step: Step, latenessMs: readonly number[]): Row[] {
  const late = quantilesOf(latenessMs);
  const missing = functions * windows - latenessMs.length;
  return [
    { what: `${SAID[step]}, after the edge, p50`, value: late?.p50 ?? NaN, unit: "ms" },
    {
      what: `${SAID[step]}, p99`,
      value: late?.p99 ?? NaN,
      unit: "ms",
      note: `goal < 1000; ${missing} of ${functions * windows} missing`,
    },
  ];
}

/** What the parts say they dropped, since they started. */
async function droppedRows({ stack }: TestStack): Promise<Row[]> {
  const counted = [
    { part: "connector", field: "tooLate", what: "windows too late for the connector" },
    { part: "connector", field: "failed", what: "deliveries that failed" },
    { part: "scaler", field: "tooLate", what: "events too late for the scaler" },
  ];
  const statuses = new Map<string, Record<string, unknown>>();
  for (const part of ["connector", "scaler"]) {
    statuses.set(part, JSON.parse((await stack.gateway.ask(part)).body) as Record<string, unknown>);
  }
  return counted.map(({ part, field, what }) => ({ what, value: Number(statuses.get(part)![field]), unit: "" }));
}

function cpuRows({ cpuSeconds, seconds }: Watched["span"]): Row[] {
  return [...cpuSeconds].map(([name, used]) => ({
    what: `CPU of ${name}`,
    value: (used / seconds) * 100,
    unit: "% core",
  }));
}
