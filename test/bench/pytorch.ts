/** PyTorch as a process, where Python has it. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import type { NetworkSpec, Weights } from "#shared/rl/engine/network.ts";
import type { Minibatch } from "#shared/rl/engine/types.ts";
import type { Epoch } from "./engine-epoch.ts";

export interface Pytorch {
  readonly version: string;
  /** What multiplies for it; with "reference BLAS" it is several times slower than it could be. */
  readonly blas: string;
  epoch(): Promise<Epoch>;
  stop(): Promise<void>;
}

export interface PytorchSample {
  readonly spec: NetworkSpec;
  readonly weights: Weights;
  readonly minibatch: Minibatch;
  readonly learningRate: number;
}

/** The first Python that has it; Debian's package is for the system's own. Null when none has. */
export async function startPytorch(sample: PytorchSample, folder: string): Promise<Pytorch | null> {
  for (const python of ["python3", "/usr/bin/python3"])
    if (await hasTorch(python)) return start(python, sample, folder);
  return null;
}

async function hasTorch(python: string): Promise<boolean> {
  try {
    await promisify(execFile)(python, ["-c", "import torch"]);
    return true;
  } catch {
    return false;
  }
}

async function start(python: string, sample: PytorchSample, folder: string): Promise<Pytorch> {
  const { spec, weights, minibatch, learningRate } = sample;
  const { steps, sequences } = minibatch;
  const arrays = { observations: [], actions: [], oldLogProbs: [], advantages: [], returns: [] };
  const lists = Object.fromEntries(
    (Object.keys(arrays) as (keyof typeof arrays)[]).map((name) => [name, Array.from(minibatch[name])]),
  );
  const file = join(folder, "sample.json");
  const asLists = weights.map((tensor) => Array.from(tensor));
  await writeFile(file, JSON.stringify({ spec, weights: asLists, steps, sequences, learningRate, ...lists }));

  const child = spawn(python, [join(import.meta.dirname, "pytorch_peer.py"), file], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" },
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => {
    const next = await lines.next();
    if (next.done === true) throw new Error("the PyTorch process ended before its answer");
    return JSON.parse(next.value) as T;
  };
  return {
    ...(await answer<Pick<Pytorch, "version" | "blas">>()),
    epoch: () => {
      child.stdin.write("epoch\n");
      return answer<Epoch>();
    },
    stop: async () => {
      if (child.exitCode !== null) return;
      const exit = once(child, "exit");
      child.stdin.end();
      await exit;
    },
  };
}
