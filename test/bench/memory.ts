/** What the whole loop holds: every process of a `replicant up`, idle and under the demo's load. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { descendantsOf, environmentOf, memoryOf, programOf, type Memory } from "./memory-of.ts";
import type { Row, Section } from "./section.ts";

/** With one of them every part has done its work at least once. */
const IDLE_WINDOWS = 1;
const DEMO_WINDOWS = 8;

const ROOT = join(import.meta.dirname, "../..");
const PLATFORM = "platform (gateway, provider, page)";

export const memorySection: Section = {
  name: `memory: all processes of 'replicant up', idle for a window, and after ${DEMO_WINDOWS} windows of the demo`,
  run: async () => {
    if (memoryOf(process.pid) === null) {
      return [{ what: "memory of the loop", value: NaN, unit: "MB", note: "there is no /proc/self/smaps_rollup here" }];
    }
    const idle = await measureUp([], IDLE_WINDOWS);
    const busy = await measureUp(["--demo", "--time-lapse", "10"], DEMO_WINDOWS);
    return [
      ...[...idle].map(([name, memory]) => partRow(`idle: ${name}`, memory)),
      row("idle loop, private (USS), sum", sum(idle, "privateMb")),
      row("idle loop, shared pages counted once (PSS), sum", sum(idle, "proportionalMb"), "goal ≤ 700"),
      row("idle loop, resident, sum", sum(idle, "residentMb"), "counts Node's code once a process; goal ≤ 700"),
      { ...partRow(`demo: ${PLATFORM}`, busy.get(PLATFORM)!), note: noteOf(busy.get(PLATFORM)!, "goal ≤ 100; ") },
      row("demo: whole loop, PSS, sum", sum(busy, "proportionalMb"), `${busy.size} parts and replicas`),
    ];
  },
};

/** Starts `up`, waits for so many of its lines about windows, measures, and ends it. */
async function measureUp(flags: readonly string[], windows: number): Promise<Map<string, Memory>> {
  const home = mkdtempSync(join(tmpdir(), "bench-"));
  const { NATS_URL: _url, ...env } = process.env;
  const up = spawn(process.execPath, [join(ROOT, "dist/services/cli/main.cjs"), "up", "--port", "0", ...flags], {
    cwd: ROOT,
    env: { ...env, REPLICANT_HOME: home },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await windowLines(up, windows);
    return memoryByPart(up.pid!);
  } finally {
    const exit = once(up, "exit");
    if (up.exitCode === null && up.kill("SIGTERM")) await exit;
    rmSync(home, { recursive: true, force: true });
  }
}

async function windowLines(up: ChildProcess, count: number): Promise<void> {
  let seen = 0;
  for await (const line of createInterface({ input: up.stdout! })) {
    if (/^\d\d:\d\d:\d\d /.test(line) && ++seen === count) return;
  }
  throw new Error(`'replicant up' ended after ${seen} of ${count} windows`);
}

/** Replicas of one function are added up. */
function memoryByPart(pid: number): Map<string, Memory> {
  const parts = new Map<string, Memory>();
  for (const each of [pid, ...descendantsOf(pid)]) {
    const memory = memoryOf(each);
    if (memory === null) continue;
    const name = each === pid ? PLATFORM : (environmentOf(each, "OPENFAAS_NAME") ?? programOf(each));
    const { privateMb, proportionalMb, residentMb } = parts.get(name) ?? NOTHING;
    parts.set(name, {
      privateMb: privateMb + memory.privateMb,
      proportionalMb: proportionalMb + memory.proportionalMb,
      residentMb: residentMb + memory.residentMb,
    });
  }
  return parts;
}

const NOTHING: Memory = { privateMb: 0, proportionalMb: 0, residentMb: 0 };

function sum(parts: ReadonlyMap<string, Memory>, of: keyof Memory): number {
  return [...parts.values()].reduce((total, memory) => total + memory[of], 0);
}

function row(what: string, value: number, note?: string): Row {
  return { what, value, unit: "MB", ...(note === undefined ? {} : { note }) };
}

function partRow(what: string, memory: Memory): Row {
  return row(`${what}, private`, memory.privateMb, noteOf(memory));
}

function noteOf({ proportionalMb, residentMb }: Memory, goal = ""): string {
  return `${goal}PSS ${proportionalMb.toFixed(1)}, resident ${residentMb.toFixed(1)}`;
}
