/** What learning holds: the `train` process over a thousand updates of its network, and a trainer's learner over its trainings. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import type { LearningOrder, LearningReading } from "./peer-learning.ts";
import { memoryOf } from "./memory-of.ts";
import type { startPeer } from "./peer.ts";
import type { Row } from "./section.ts";

const GOAL = "goal ≤ 200";
/** LSTM-PPO as published: 128 steps a round, ten updates. */
const UPDATES_A_ROUND = 10;
const STEPS_A_ROUND = 128;
const ROUNDS = 100;
const POLL_MS = 20;

export async function learningMemoryRows(
  peer: Awaited<ReturnType<typeof startPeer>>,
  root: string,
  folder: string,
): Promise<readonly Row[]> {
  if (memoryOf(process.pid) === null) {
    return [{ what: "memory of learning", value: NaN, unit: "MB", note: "there is no /proc/self/smaps_rollup here" }];
  }
  const byUpdates = await trainingMemory(root, join(folder, "memory"));
  const { residentMb } = await peer.ask<LearningReading>({ kind: "fine-tune", times: 3 } satisfies LearningOrder);
  return [
    ...[...byUpdates].map(([updates, value]) => {
      return { what: `train, resident after ${updates} updates`, value, unit: "MB", note: GOAL };
    }),
    ...residentMb.map((value, i) => {
      return {
        what: `a trainer's learner, after training ${i + 1}`,
        value,
        unit: "MB",
        note: `${GOAL}, a process of its own`,
      };
    }),
  ];
}

/** Resident memory of the whole command, by updates made; its last round but one stands for the end. */
async function trainingMemory(root: string, out: string): Promise<ReadonlyMap<number, number>> {
  const program = resolve(root, "dist/services/cli/main.cjs");
  const words = ["train", "--agent", "lstm-ppo", "--objective", "paper", "--steps", String(STEPS_A_ROUND * ROUNDS)];
  const traces = ["--traces", "traces/seed_request_count_raw_30s.json", "--rate-scale", "10", "--out", out];
  const child = spawn(process.execPath, [program, ...words, ...traces, "--workers", "2"], {
    cwd: root,
    stdio: "ignore",
  });
  const exit = once(child, "exit");
  const seen = new Map<number, number>();
  const wanted = [1, ROUNDS / 10, ROUNDS - 1];
  try {
    while (child.exitCode === null && seen.size < wanted.length) {
      const rounds = await roundsIn(out);
      const next = wanted[seen.size]!;
      const memory = rounds >= next ? memoryOf(child.pid!) : null;
      if (memory !== null) seen.set(next * UPDATES_A_ROUND, memory.residentMb);
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
  } finally {
    if (child.exitCode === null) child.kill("SIGKILL");
    await exit;
  }
  return seen;
}

async function roundsIn(out: string): Promise<number> {
  const text = await readFile(join(out, "log.csv"), "utf8").catch(() => "");
  return Math.max(0, text.split("\n").length - 2);
}
