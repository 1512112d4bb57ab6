/** The wasm engine at the work of training and of deciding, beside TensorFlow.js and PyTorch, each on one thread. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startWorkerThread } from "#shared/adapters/worker-thread.ts";
import type { Engine, Minibatch } from "#shared/rl/engine/types.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { FULL, someWeights } from "#test/support/engine/samples.ts";
import { kernelBytes } from "#test/support/kernel.ts";
import { NO_TFJS_NODE, tfjsNode } from "#test/support/tfjs-node.ts";
import { epoch, epochOf2048, LEARNING_RATE, someObservations, stepTimes, type Epoch } from "./engine-epoch.ts";
import { bundle, startPeer, type Peer } from "./peer.ts";
import { startPytorch, type Pytorch } from "./pytorch.ts";
import { median, type Row, type Section } from "./section.ts";

const ROUNDS = 5;
/** In a row, as an update does them; the first finds caches that someone else has filled. */
const EPOCHS_A_ROUND = 3;
/** Seconds each: plain JavaScript has no more to show. */
const PLAIN_EPOCHS = 2;
const STEPS_AT_ONCE = 4_000;

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
    const tfjs = await bundle("peer-tfjs", folder);
    const native = tfjsNode === null ? null : await startPeer(tfjs, [tfjsNode]);
    const plain = await startPeer(tfjs);
    try {
      return [
        ...(await trainingRows({ one, two, native, plain, pytorch }, minibatch)),
        ...stepRows(one),
        ...(await nativeStepRows(native)),
      ];
    } finally {
      await native?.stop();
      await plain.stop();
      one.close();
      two.close();
      await pytorch?.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

interface Contenders {
  readonly one: Engine;
  readonly two: Engine;
  readonly native: Peer | null;
  readonly plain: Peer;
  readonly pytorch: Pytorch | null;
}

/** Interleaved: what else the machine does meets all alike. The first round warms up, and shows that the work is the same. */
async function trainingRows({ one, two, native, plain, pytorch }: Contenders, minibatch: Minibatch): Promise<Row[]> {
  const epochs: Record<Exclude<keyof Contenders, "plain">, Epoch[]> = { one: [], two: [], native: [], pytorch: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    for (let i = 0; i < EPOCHS_A_ROUND; i++) epochs.one.push(epoch(one, minibatch));
    for (let i = 0; i < EPOCHS_A_ROUND && native !== null; i++) epochs.native.push(await native.ask<Epoch>("epoch"));
    for (let i = 0; i < EPOCHS_A_ROUND && pytorch !== null; i++) epochs.pytorch.push(await pytorch.epoch());
    for (let i = 0; i < EPOCHS_A_ROUND; i++) epochs.two.push(epoch(two, minibatch));
  }
  const inPlain: Epoch[] = [];
  for (let i = 0; i <= PLAIN_EPOCHS; i++) inPlain.push(await plain.ask<Epoch>("epoch"));
  return [
    row("wasm, 1 thread", measured(epochs.one)),
    row("wasm, 2 threads", measured(epochs.two)),
    row("tfjs in plain JavaScript", inPlain.slice(1)),
    ...(native === null
      ? [{ what: "tfjs-node", value: NaN, unit: "ms", note: NO_TFJS_NODE }]
      : [
          row("tfjs-node, libtensorflow", measured(epochs.native)),
          ...besideWasm("tfjs-node", epochs.one, epochs.native),
        ]),
    ...(pytorch === null
      ? [{ what: "PyTorch", value: NaN, unit: "ms", note: "python3 has no torch here" }]
      : [
          row(`PyTorch ${pytorch.version}, ${pytorch.blas}`, measured(epochs.pytorch)),
          ...besideWasm("PyTorch", epochs.one, epochs.pytorch),
        ]),
  ];
}

function besideWasm(name: string, wasm: readonly Epoch[], other: readonly Epoch[]): Row[] {
  const ratio = (of: keyof Epoch) => median(measured(wasm).map((e, i) => e[of] / measured(other)[i]![of]));
  const difference = Math.abs(wasm[0]!.gradientNorm / other[0]!.gradientNorm - 1);
  return [
    { what: `wasm ÷ ${name}, CPU time`, value: ratio("cpuMs"), unit: "×", note: "one thread each; goal ≤ 1" },
    { what: `wasm ÷ ${name}, wall time`, value: ratio("wallMs"), unit: "×", note: "median of rounds; goal ≤ 1" },
    { what: `gradient norm, wasm ÷ ${name} − 1`, value: difference * 1e6, unit: "1e-6", note: "the same work" },
  ];
}

const measured = (epochs: readonly Epoch[]) => epochs.slice(EPOCHS_A_ROUND);

function row(what: string, epochs: readonly Epoch[]): Row {
  const wall = epochs.map(({ wallMs }) => wallMs);
  const cpu = median(epochs.map(({ cpuMs }) => cpuMs));
  const note = `median of ${wall.length}; best ${Math.min(...wall).toFixed(1)}, CPU ${cpu.toFixed(1)}`;
  return { what: `PPO epoch, ${what}`, value: median(wall), unit: "ms", note };
}

function stepRows(engine: Engine): Row[] {
  const micros = stepTimes(engine, someObservations(1), STEPS_AT_ONCE).map((ms) => ms * 1000);
  const batch = stepTimes(engine, someObservations(1_000), 12);
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

async function nativeStepRows(native: Peer | null): Promise<Row[]> {
  if (native === null) return [];
  const micros = (await native.ask<number[]>({ steps: STEPS_AT_ONCE })).map((ms) => ms * 1000);
  return [{ what: "one step, p50, tfjs-node", value: quantile(micros, 0.5), unit: "µs", note: "state carried" }];
}

function quantile(values: readonly number[], q: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(q * (values.length - 1))]!;
}
