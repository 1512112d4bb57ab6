/** How fast agents learn, simulator included, where the time goes, what it holds, and what deciding for a thousand functions takes. */
import { build } from "esbuild";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import type { AgentName } from "#shared/rl/agents.ts";
import { compileKernel } from "#shared/build/kernel.mjs";
import { learningMemoryRows } from "./learning-memory.ts";
import type { LearningOrder, LearningReading } from "./peer-learning.ts";
import { startPeer } from "./peer.ts";
import { recurrentRows } from "./recurrent.ts";
import { median, type Row, type Section } from "./section.ts";

const root = join(import.meta.dirname, "../..");
const STEPS_OF_THE_METHOD = 100_000;
/** Of a whole training; the goals are ten times sb3-contrib's RecurrentPPO with an environment that costs nothing. */
const AGENTS = [
  { agent: "lstm-ppo-plus", steps: 10_000, goalSeconds: 20 },
  { agent: "lstm-ppo", steps: 2_560, goalSeconds: 100 },
] as const;
const functions = 1_000;

export const learningSection: Section = {
  name: "learning: agents as published, on the seed's trace × 10, in the simulator",
  run: async () => {
    const folder = await mkdtemp(join(tmpdir(), "bench-"));
    const peer = await startPeer(await bundled(folder));
    try {
      const rows: Row[] = [];
      const counts = JSON.parse(
        await readFile(join(root, "traces/seed_request_count_raw_30s.json"), "utf8"),
      ) as number[];
      const ours = { "lstm-ppo-plus": 0, "lstm-ppo": 0 };
      for (const { agent, steps, goalSeconds } of AGENTS) {
        const perSecond = await stepsPerSecond(agent, steps, join(folder, agent));
        ours[agent] = perSecond;
        const seconds = STEPS_OF_THE_METHOD / perSecond;
        const note = `goal ≤ ${goalSeconds}; from ${steps} steps on two threads`;
        rows.push({ what: `${agent}: 100 000 steps`, value: seconds, unit: "s", note });
        rows.push({ what: `${agent}: steps`, value: perSecond, unit: "1/s" });
        const told = await peer.ask<LearningReading>({ kind: "train", agent, steps, counts } satisfies LearningOrder);
        for (const part of ["simulator", "forward", "update"] as const) {
          const value = (100 * told[part]) / told.total;
          rows.push({ what: `${agent}: share of ${part}, on one thread`, value, unit: "%" });
        }
      }
      rows.push(...(await recurrentRows(ours)));
      const order: LearningOrder = { kind: "decide", functions, rounds: 30 };
      const { roundsMs } = await peer.ask<LearningReading>(order);
      rows.push({ what: `deciding for ${functions} functions in one call`, value: median(roundsMs), unit: "ms" });
      rows.push(...(await learningMemoryRows(peer, root, folder)));
      return rows;
    } finally {
      await peer.stop();
      await rm(folder, { recursive: true });
    }
  },
};

/** Of the whole command, its start left out: as its log tells. */
async function stepsPerSecond(agent: AgentName, steps: number, out: string): Promise<number> {
  const program = resolve(root, "dist/services/cli/main.cjs");
  const traces = ["--traces", "traces/seed_request_count_raw_30s.json", "--rate-scale", "10"];
  const args = ["train", "--agent", agent, "--objective", "paper", "--steps", String(steps), ...traces];
  await promisify(execFile)(process.execPath, [program, ...args, "--workers", "2", "--out", out], { cwd: root });
  const rows = (await readFile(join(out, "log.csv"), "utf8")).trim().split("\n");
  return Number(rows.at(-1)!.split(",")[2]);
}

async function bundled(folder: string): Promise<string> {
  const outfile = join(folder, "peer-learning.cjs");
  await build({
    entryPoints: [join(root, "test/bench/peer-learning.ts")],
    outfile,
    absWorkingDir: root,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    logLevel: "error",
    define: { REPLICANT_KERNEL_BASE64: JSON.stringify(Buffer.from(await compileKernel()).toString("base64")) },
  });
  return outfile;
}
