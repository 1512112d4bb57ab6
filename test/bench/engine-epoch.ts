/** The work that every engine is measured at: one PPO epoch over 2,048 steps, and single steps. */
import { ADAM_DEFAULTS, LOSS_DEFAULTS, type Engine, type Minibatch } from "#shared/rl/engine/types.ts";
import { FULL, someMinibatch } from "#test/support/engine/samples.ts";

/** So small that twenty epochs on one batch change nothing about the work. */
export const LEARNING_RATE = 1e-5;
const loss = { ...LOSS_DEFAULTS, entropyCoefficient: 0.01 };

export interface Epoch {
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Before the step: of the weights that the epoch began with. */
  readonly totalLoss: number;
  readonly gradientNorm: number;
}

/** T 128 × B 16; episodes start only at the first step, because PyTorch's LSTM knows no others. */
export function epochOf2048(): Minibatch {
  const minibatch = someMinibatch(FULL, { steps: 128, sequences: 16, seed: 1, startShare: 0 });
  return { ...minibatch, initialState: null };
}

export function epoch(engine: Engine, minibatch: Minibatch): Epoch {
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  const { totalLoss } = engine.forwardBackward(minibatch, loss);
  const { gradientNorm } = engine.adam({ ...ADAM_DEFAULTS, learningRate: LEARNING_RATE });
  const wallMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1000, totalLoss, gradientNorm };
}

export function someObservations(functions: number): Float32Array {
  return someMinibatch(FULL, { steps: 1, sequences: functions, seed: 2 }).observations;
}

/** Milliseconds of each of `count` steps in a row, the LSTM's state carried. */
export function stepTimes(engine: Engine, observations: Float32Array, count: number): number[] {
  let { state } = engine.step(observations, null);
  return Array.from({ length: count }, () => {
    const startedMs = performance.now();
    ({ state } = engine.step(observations, state));
    return performance.now() - startedMs;
  });
}
