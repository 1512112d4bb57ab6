/** The training's diary: a row a round, as CSV and as TensorBoard reads it. */
import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Round, RoundReport } from "../rl/training.ts";
import { scalarEvent, versionEvent } from "./tensorboard.ts";

/** Each number of a round, and where TensorBoard files it. */
const COLUMNS: readonly (readonly [name: keyof RoundReport, tag: string])[] = [
  ["meanReturn", "play/mean return"],
  ["meanLength", "play/mean length"],
  ["episodes", "play/episodes"],
  ["policyLoss", "loss/policy"],
  ["valueLoss", "loss/value"],
  ["entropy", "loss/entropy"],
  ["approxKl", "health/approximate KL"],
  ["clipFraction", "health/clip fraction"],
  ["explainedVariance", "health/explained variance"],
  ["gradientNorm", "health/gradient norm"],
  ["epochs", "health/epochs"],
  ["learningRate", "schedule/learning rate"],
  ["entropyCoefficient", "schedule/entropy coefficient"],
];
const HEADER = ["steps", "round", "stepsPerSecond", ...COLUMNS.map(([name]) => name)].join(",");

/** The log of a training: a line for each round. */
export interface TrainingLog {
  write(round: Round, stepsPerSecond: number, nowMs: number): Promise<void>;
}

/** Rows after `fromSteps` are those of a training that was given up there: they are taken out. */
export async function openLog(folder: string, fromSteps: number, nowMs: number): Promise<TrainingLog> {
  await mkdir(folder, { recursive: true });
  const csv = join(folder, "log.csv");
  const kept = fromSteps === 0 ? [] : await rowsUpTo(csv, fromSteps);
  await writeFile(csv, [HEADER, ...kept].map((row) => `${row}\n`).join(""));
  const events = join(folder, `events.out.tfevents.${Math.floor(nowMs / 1000)}.replicant`);
  await writeFile(events, versionEvent(nowMs));
  return {
    async write({ state, report }, stepsPerSecond, atMs) {
      const values = COLUMNS.map(([name]) => report[name]);
      // What was not measured is an empty field.
      const row = [state.steps, state.round, stepsPerSecond.toFixed(0), ...values.map((value) => value ?? "")];
      await appendFile(csv, `${row.join(",")}\n`);
      const scalars = COLUMNS.flatMap(([name, tag]) => {
        const value = report[name];
        return value === null ? [] : [{ tag, value }];
      });
      await appendFile(events, scalarEvent(state.steps, atMs, scalars));
    },
  };
}

async function rowsUpTo(csv: string, steps: number): Promise<readonly string[]> {
  const text = await readFile(csv, "utf8").catch(() => "");
  return text.split("\n").filter((row) => /^\d/.test(row) && Number(row.split(",")[0]) <= steps);
}
