/** The wasm engine at the work of training and of deciding, beside PyTorch on one thread. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startWorkerThread } from "#shared/adapters/worker-thread.ts";
import { ADAM_DEFAULTS, LOSS_DEFAULTS, type Engine, type Minibatch } from "#shared/rl/engine/types.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { FULL, someMinibatch, someWeights } from "#test/rl/engine/samples.ts";
import { kernelBytes } from "#test/support/kernel.ts";
import { startPytorch, type Pytorch } from "./pytorch.ts";
import { median, type Row, type Section } from "./section.ts";

const ROUNDS = 5;
/** In a row, as an update does them; the first finds caches that someone else has filled. */
const EPOCHS_A_ROUND = 3;
const STEPS_AT_ONCE = 4_000;
/** So small that twenty epochs on one batch change nothing about the work. */
const LEARNING_RATE = 1e-5;
const loss = { ...LOSS_DEFAULTS, entropyCoefficient: 0.01 };

export const engineSection: Section = {
  name: "engine: a PPO epoch over 2,048 steps (LSTM 256), and a step",
  run: async () => {
    const folder = await mkdtemp(join(tmpdir(), "bench-"));
    const weights = someWeights(FULL, 1);
    const minibatch = epochOf2048();
    const kernel = await kernelBytes;
    const one = createWasmEngine(kernel, FULL, weights);
    const two = createWasmEngine(kernel, FULL, weights, { count: 1, startThread: startWorkerThread });
    const pytorch = await startPytorch({ spec: FULL, weights, minibatch, learningRate: LEARNING_RATE }, folder);
    try {
      const rows = [...(await trainingRows({ one, two, pytorch }, minibatch)), ...stepRows(one)];
      return rows;
    } finally {
      one.close();
      two.close();
      await pytorch?.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** T 128 × B 16; episodes start only at the first step, because PyTorch's LSTM knows no others. */
function epochOf2048(): Minibatch {
  const minibatch = someMinibatch(FULL, { steps: 128, sequences: 16, seed: 1, startShare: 0 });
  return { ...minibatch, initialState: null, oldValues: null };
}

interface Contenders {
  readonly one: Engine;
  readonly two: Engine;
  readonly pytorch: Pytorch | null;
}

interface Epoch {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly totalLoss: number;
  readonly gradientNorm: number;
}

/** Interleaved: what else the machine does meets all alike. The first round warms up, and shows that the work is the same. */
async function trainingRows({ one, two, pytorch }: Contenders, minibatch: Minibatch): Promise<Row[]> {
  const epochs: Record<"one" | "two" | "pytorch", Epoch[]> = { one: [], two: [], pytorch: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    for (let i = 0; i < EPOCHS_A_ROUND; i++) epochs.one.push(epoch(one, minibatch));
    for (let i = 0; i < EPOCHS_A_ROUND && pytorch !== null; i++) epochs.pytorch.push(await pytorch.epoch());
    for (let i = 0; i < EPOCHS_A_ROUND; i++) epochs.two.push(epoch(two, minibatch));
  }
  const rows = [row("wasm, 1 thread", epochs.one), row("wasm, 2 threads", epochs.two)];
  if (pytorch === null)
    return [...rows, { what: "PyTorch", value: NaN, unit: "ms", note: "python3 has no torch here" }];

  const difference = Math.abs(epochs.one[0]!.gradientNorm / epochs.pytorch[0]!.gradientNorm - 1);
  const ratio = (of: keyof Epoch) =>
    median(measured(epochs.one).map((e, i) => e[of] / measured(epochs.pytorch)[i]![of]));
  return [
    ...rows,
    row(`PyTorch ${pytorch.version}, ${pytorch.blas}`, epochs.pytorch),
    { what: "wasm ÷ PyTorch, CPU time", value: ratio("cpuMs"), unit: "×", note: "one thread each; goal ≤ 1" },
    { what: "wasm ÷ PyTorch, wall time", value: ratio("wallMs"), unit: "×", note: "median of rounds; goal ≤ 1" },
    { what: "gradient norm, wasm ÷ PyTorch − 1", value: difference * 1e6, unit: "1e-6", note: "the same work" },
  ];
}

function epoch(engine: Engine, minibatch: Minibatch): Epoch {
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  const { totalLoss } = engine.forwardBackward(minibatch, loss);
  const { gradientNorm } = engine.adam({ ...ADAM_DEFAULTS, learningRate: LEARNING_RATE });
  const wallMs = performance.now() - startedMs;
  return { wallMs, cpuMs: cpuMsSince(cpu), totalLoss, gradientNorm };
}

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const measured = (epochs: readonly Epoch[]) => epochs.slice(EPOCHS_A_ROUND);

function row(what: string, epochs: readonly Epoch[]): Row {
  const wall = measured(epochs).map(({ wallMs }) => wallMs);
  const cpu = median(measured(epochs).map(({ cpuMs }) => cpuMs));
  const note = `median of ${wall.length}; best ${Math.min(...wall).toFixed(1)}, CPU ${cpu.toFixed(1)}`;
  return { what: `PPO epoch, ${what}`, value: median(wall), unit: "ms", note };
}

function stepRows(engine: Engine): Row[] {
  const { observations } = someMinibatch(FULL, { steps: 1, sequences: 1_000, seed: 2 });
  const first = observations.slice(0, FULL.observationSize);
  const micros = times(engine, first, STEPS_AT_ONCE).map((ms) => ms * 1000);
  const batch = times(engine, observations, 12);
  return [
    { what: "one step, p50", value: quantile(micros, 0.5), unit: "µs", note: "state carried; goal ≤ 50" },
    { what: "one step, p99", value: quantile(micros, 0.99), unit: "µs" },
    {
      what: "a step for 1,000 functions",
      value: median(batch),
      unit: "ms",
      note: `best ${Math.min(...batch).toFixed(1)}; goal < 50`,
    },
  ];
}

function times(engine: Engine, observations: Float32Array, count: number): number[] {
  let { state } = engine.step(observations, null);
  return Array.from({ length: count }, () => {
    const startedMs = performance.now();
    ({ state } = engine.step(observations, state));
    return performance.now() - startedMs;
  });
}

function quantile(values: readonly number[], q: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(q * (values.length - 1))]!;
}
