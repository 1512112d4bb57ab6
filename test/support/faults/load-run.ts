/**
 * A load on a gateway with many functions, each a process: below saturation, then above it, then below it again. Counts what
 * became of every call. By hand: `node --import tsx test/support/faults/load-run.ts 100 2000 60` (functions, calls a second,
 * seconds) prints its figures.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

import { createImageStore } from "#services/local-openfaas/provider/images.ts";
import { bundleSource, startPeer, type Peer } from "#test/bench/peer.ts";
import type { Held, LoadGatewayOptions } from "./load-gateway.ts";

export interface LoadRun {
  readonly functions: number;
  readonly callsPerSecond: number;
  readonly seconds: number;
  /** Places of the gateway: above them is saturation. */
  readonly maxCalls: number;
}

/** What became of calls: by status, and those that ended without one. */
export interface Outcomes {
  sent: number;
  /** Ended without an answer, or with half of one. */
  broken: number;
  readonly brokenBy: Record<string, number>;
  /** Refusals that say when to come again. */
  withRetryAfter: number;
  readonly byStatus: Record<string, number>;
}

export interface LoadFigures {
  readonly below: Outcomes;
  /** Achieved, answered with 200. */
  readonly answeredPerSecond: number;
  readonly above: Outcomes;
  /** From the last answer of the overload to the first 200 after it. */
  readonly recoverySeconds: number;
  readonly after: Outcomes;
  readonly heldBefore: Held;
  readonly heldAbove: Held;
  readonly heldAfter: Held;
}

/** Answers after as many milliseconds as it is asked for. */
const handler = `module.exports = (event, context) =>
  new Promise((resolve) => setTimeout(() => resolve(context.succeed("ok")), Number(event.query.ms || 0)));`;

export async function loadRun({ functions, callsPerSecond, seconds, maxCalls }: LoadRun): Promise<LoadFigures> {
  const home = await mkdtemp(join(tmpdir(), "load-"));
  let gateway: Peer | undefined;
  const agent = new Agent({ keepAlive: true, maxSockets: maxCalls * 2 });
  try {
    const folder = join(home, "image");
    await mkdir(folder);
    await writeFile(join(folder, "handler.js"), handler);
    await createImageStore(home).register("load/one:1", folder);
    const runtimePath = await bundleSource("services/local-openfaas/runtime/main.ts", home);
    const options: LoadGatewayOptions = { home, runtimePath, image: "load/one:1", functions, maxCalls };
    const bundled = await bundleSource("test/support/faults/load-gateway.ts", home);
    gateway = await startPeer(bundled, [JSON.stringify(options)]);
    const held = () => gateway!.ask<Held>("held");
    const call = (i: number, ms: number, into: Outcomes) =>
      callOnce(agent, gateway!.hello.port, i % functions, ms, into);

    const heldBefore = await held();
    const below = noOutcomes();
    const startedAtMs = performance.now();
    await openLoop(callsPerSecond, seconds, (i) => call(i, 0, below));
    const belowSeconds = (performance.now() - startedAtMs) / 1_000;

    const above = noOutcomes();
    // Long enough for a slow machine to take in more than there are places.
    const overloadMs = Math.max(400, maxCalls * 4);
    const overload = Array.from({ length: maxCalls * 3 }, (_, i) => call(i, overloadMs, above));
    const heldAbove = await held();
    await Promise.all(overload);

    const overAtMs = performance.now();
    const first = noOutcomes();
    while ((first.byStatus["200"] ?? 0) === 0 && performance.now() - overAtMs < 30_000) await call(0, 0, first);
    const recoverySeconds = (performance.now() - overAtMs) / 1_000;
    const after = noOutcomes();
    await openLoop(callsPerSecond, Math.min(seconds, 2), (i) => call(i, 0, after));
    return {
      ...{ below, above, after, recoverySeconds, heldBefore, heldAbove, heldAfter: await held() },
      answeredPerSecond: (below.byStatus["200"] ?? 0) / belowSeconds,
    };
  } finally {
    agent.destroy();
    await gateway?.stop();
    await rm(home, { recursive: true, force: true });
  }
}

/** Calls when their time has come, whether or not earlier ones are answered. */
async function openLoop(perSecond: number, seconds: number, call: (i: number) => Promise<void>): Promise<void> {
  const calls: Promise<void>[] = [];
  const total = Math.round(perSecond * seconds);
  const startedAtMs = performance.now();
  while (calls.length < total) {
    const due = Math.min(total, Math.ceil(((performance.now() - startedAtMs) / 1_000) * perSecond));
    while (calls.length < due) calls.push(call(calls.length));
    await sleep(5);
  }
  await Promise.all(calls);
}

function callOnce(agent: Agent, port: number, one: number, ms: number, into: Outcomes): Promise<void> {
  into.sent++;
  return new Promise((resolve) => {
    const path = `/function/load-${one}?ms=${ms}`;
    const sent = request({ agent, host: "127.0.0.1", port, path }, (answer: IncomingMessage) => {
      answer.on("error", () => undefined);
      answer.on("close", () => {
        if (!answer.complete) into.broken++;
        else into.byStatus[answer.statusCode!] = (into.byStatus[answer.statusCode!] ?? 0) + 1;
        if (answer.headers["retry-after"] !== undefined) into.withRetryAfter++;
        resolve();
      });
      answer.resume();
    });
    sent.on("error", ({ code = "no code" }: NodeJS.ErrnoException) => {
      into.broken++;
      into.brokenBy[code] = (into.brokenBy[code] ?? 0) + 1;
      resolve();
    });
    sent.end();
  });
}

function noOutcomes(): Outcomes {
  return { sent: 0, broken: 0, withRetryAfter: 0, byStatus: {}, brokenBy: {} };
}

/** The figures as lines for people. */
export function loadLines({ functions, callsPerSecond, seconds, maxCalls }: LoadRun, figures: LoadFigures): string[] {
  const told = ({ sent, broken, brokenBy, byStatus }: Outcomes) =>
    [
      `${sent} sent`,
      ...Object.entries(byStatus).map(([status, count]) => `${count} × ${status}`),
      `${broken} broken`,
      ...Object.entries(brokenBy).map(([code, count]) => `${count} × ${code}`),
    ].join(", ");
  const kept = ({ handles, memoryMaps, residentBytes }: Held) =>
    `${handles} handles, ${memoryMaps} memory maps, ${(residentBytes / 2 ** 20).toFixed(0)} MB`;
  return [
    `${functions} functions, ${callsPerSecond} calls/s for ${seconds} s, ${maxCalls} places`,
    `below saturation  ${told(figures.below)}; ${figures.answeredPerSecond.toFixed(0)} answered/s`,
    `above saturation  ${told(figures.above)}; ${figures.above.withRetryAfter} with Retry-After`,
    `recovered         after ${figures.recoverySeconds.toFixed(3)} s`,
    `after it          ${told(figures.after)}`,
    `held before       ${kept(figures.heldBefore)}`,
    `held above        ${kept(figures.heldAbove)}`,
    `held after        ${kept(figures.heldAfter)}`,
  ];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [functions = 100, callsPerSecond = 2_000, seconds = 60] = process.argv.slice(2).map(Number);
  const run: LoadRun = { functions, callsPerSecond, seconds, maxCalls: 2_000 };
  for (const line of loadLines(run, await loadRun(run))) console.log(line);
}
