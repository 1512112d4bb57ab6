/** Cuts a rollout into what gradients are made of: shuffled steps, or shuffled sequences with the LSTM's state before them. */
import type { Random } from "../core/random.ts";
import type { Advantages } from "./advantages.ts";
import type { LstmState, Minibatch } from "./engine/types.ts";
import type { Rollout } from "./rollout/types.ts";

/** A stretch of one environment: `sequenceSteps` from `firstStep`, fewer at the rollout's end. */
export interface Sequence {
  /** Counts the stretches of an environment from 0. */
  readonly index: number;
  readonly firstStep: number;
  readonly environment: number;
}

/** The rollout cut into sequences of `sequenceSteps` steps, by time and then by environment. */
export function sequencesOf({ steps, environments }: Rollout, sequenceSteps: number): readonly Sequence[] {
  const sequences: Sequence[] = [];
  for (let index = 0; index * sequenceSteps < steps; index++)
    for (let environment = 0; environment < environments; environment++)
      sequences.push({ index, firstStep: index * sequenceSteps, environment });
  return sequences;
}

/** In a new order (Fisher–Yates). */
export function shuffled<T>(items: readonly T[], random: Random): readonly T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** Pieces of `size`; the last one may be smaller. */
export function piecesOf<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const pieces: (readonly T[])[] = [];
  for (let at = 0; at < items.length; at += size) pieces.push(items.slice(at, at + size));
  return pieces;
}

/**
 * The sequences as one minibatch; null when none of their steps counts. `lstmStates` are the LSTM's states before each stretch, all
 * environments; null without an LSTM, where sequences of one step are plain steps. What lies beyond the rollout's end is padding,
 * and masked like steps that do not count.
 */
export function minibatchOf(
  rollout: Rollout,
  { advantages, returns }: Advantages,
  sequences: readonly Sequence[],
  sequenceSteps: number,
  lstmStates: readonly LstmState[] | null,
): Minibatch | null {
  const count = sequences.length;
  const longest = Math.max(...sequences.map(({ firstStep }) => Math.min(sequenceSteps, rollout.steps - firstStep)));
  const rows = longest * count;
  const size = rollout.observations.length / (rollout.steps * rollout.environments);
  const choices = rollout.actionMasks === null ? 0 : rollout.actionMasks.length / rollout.actions.length;
  const masks = new Uint8Array(rows);
  const batch = {
    steps: longest,
    sequences: count,
    observations: new Float32Array(rows * size),
    episodeStarts: new Uint8Array(rows),
    actions: new Int32Array(rows),
    oldLogProbs: new Float32Array(rows),
    advantages: new Float32Array(rows),
    returns: new Float32Array(rows),
    // Padding may do anything: a mask that forbids all has no distribution.
    actionMasks: rollout.actionMasks === null ? null : new Uint8Array(rows * choices).fill(1),
  };
  sequences.forEach(({ firstStep, environment }, s) => {
    for (let t = 0; t < longest && firstStep + t < rollout.steps; t++) {
      const from = (firstStep + t) * rollout.environments + environment;
      const to = t * count + s;
      masks[to] = rollout.counted === null ? 1 : rollout.counted[from]!;
      batch.observations.set(rollout.observations.subarray(from * size, (from + 1) * size), to * size);
      batch.episodeStarts[to] = rollout.episodeStarts[from]!;
      batch.actions[to] = rollout.actions[from]!;
      batch.oldLogProbs[to] = rollout.logProbs[from]!;
      batch.advantages[to] = advantages[from]!;
      batch.returns[to] = returns[from]!;
      batch.actionMasks?.set(rollout.actionMasks!.subarray(from * choices, (from + 1) * choices), to * choices);
    }
  });
  if (!masks.includes(1)) return null;
  return {
    ...batch,
    masks: masks.includes(0) ? masks : null,
    initialState: lstmStates === null ? null : statesBefore(sequences, lstmStates, rollout.environments),
  };
}

function statesBefore(
  sequences: readonly Sequence[],
  lstmStates: readonly LstmState[],
  environments: number,
): LstmState {
  const units = lstmStates[0]!.h.length / environments;
  const gather = (of: (state: LstmState) => Float32Array) => {
    const gathered = new Float32Array(sequences.length * units);
    sequences.forEach(({ index, environment }, s) =>
      gathered.set(of(lstmStates[index]!).subarray(environment * units, (environment + 1) * units), s * units),
    );
    return gathered;
  };
  return { h: gather(({ h }) => h), c: gather(({ c }) => c) };
}
