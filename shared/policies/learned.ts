/** Learned policies: a network that was trained elsewhere, asked once a window; many functions in one go. */
import { BadInputError } from "../core/errors.ts";
import type { PolicyAnswer, PolicyInput, ScalingPolicy } from "../core/policy.ts";
import type { LearnedDetail, PolicyIdentity } from "../core/proposal.ts";
import type { Random } from "../core/random.ts";
import { trimmed } from "../core/spoken.ts";
import { likeliest, logProbabilities, sampled } from "../rl/categorical.ts";
import type { Engine, LstmState } from "../rl/engine/types.ts";
import { normaliserOf, type NormalisationStatistics, type Normaliser } from "../rl/normalisation.ts";
import type { Headroom } from "../task/actions/scheme.ts";
import type { LoadNeed } from "../task/load-meter.ts";
import { FunctionTask, type LearningTask } from "../task/task.ts";

/** A trained network and what it takes to ask it. */
export interface LearnedModel {
  readonly identity: PolicyIdentity;
  /** Holds the weights; may serve any number of functions. */
  readonly engine: Engine;
  /** What it observes, and what its actions mean. */
  readonly task: LearningTask;
  /** Frozen: those of the training. */
  readonly statistics: NormalisationStatistics | null;
  /** The agent never learned what actions beyond the bounds do. Else it may try, and stays where it is. */
  readonly maskActions: boolean;
  /** Ticks hold the headroom that it asks for (`held-model.ts`); else it decides counts at windows. Default false. */
  readonly isHeld?: boolean;
}

/** The room that an action asks for, and what it is computed from. */
export interface HeadroomRequest extends Headroom {
  readonly need: LoadNeed;
  /** Probability of the action, 0…1. */
  readonly sureRatio: number;
}

/** A proposal, with the headroom that the action asks for. */
export interface LearnedAnswer extends PolicyAnswer {
  /** Null where actions change a count. */
  readonly headroom: HeadroomRequest | null;
}

/** How actions are chosen. */
export interface LearnedOptions {
  /** Draws actions as in training; absent: always the likeliest. */
  readonly random?: Random;
}

/** What a policy sees of a window before its network is asked. */
interface View {
  readonly input: PolicyInput;
  readonly observation: Float32Array;
  readonly normalised: Float32Array;
  readonly mask: Uint8Array;
}

/** The policy of one function: remembers its windows and the LSTM's state. */
export class LearnedPolicy implements ScalingPolicy {
  readonly identity: PolicyIdentity;
  readonly model: LearnedModel;
  readonly #random: Random | undefined;
  readonly #normalised: Normaliser;
  #task: FunctionTask | null = null;
  #lstmState: LstmState | null = null;

  /** Throws `BadInputError` when the network does not fit the layout or the actions. */
  constructor(model: LearnedModel, { random }: LearnedOptions = {}) {
    const { observationSize, actions } = model.engine.spec;
    const { layout, actions: scheme } = model.task;
    if (observationSize !== layout.features.length || actions !== scheme.count) {
      const has = `${observationSize} observations and ${actions} actions`;
      const wants = `layout '${layout.name}' has ${layout.features.length} and '${scheme.name}' ${scheme.count}`;
      throw new BadInputError(`the model has ${has}, ${wants}`);
    }
    this.identity = model.identity;
    this.model = model;
    this.#random = random;
    this.#normalised = normaliserOf(model.statistics);
  }

  /** Chooses an action for the window, and says what it asks for. */
  propose(input: PolicyInput): LearnedAnswer {
    return proposeAll([{ policy: this, input }])[0]!;
  }

  get lstmState(): LstmState | null {
    return this.#lstmState;
  }

  see(input: PolicyInput): View {
    this.#task ??= new FunctionTask(this.model.task, input.managed);
    const observation = this.#task.see(input.window);
    const mask = this.model.maskActions
      ? this.#task.maskAt(input.window.desiredReplicas)
      : new Uint8Array(this.model.task.actions.count).fill(1);
    return { input, observation, normalised: this.#normalised(observation), mask };
  }

  /** What the network made of the view becomes the answer; `lstmState` is kept for the next window. */
  answer(view: View, logits: ArrayLike<number>, value: number, lstmState: LstmState | null): LearnedAnswer {
    this.#lstmState = lstmState;
    const logProbs = logProbabilities(logits, view.mask);
    const action = this.#random ? sampled(logProbs, this.#random) : likeliest(logProbs);
    const { desiredReplicas } = view.input.window;
    const { replicas, isRefused, words, headroom } = this.#task!.requestAt(desiredReplicas, action);
    const learned: LearnedDetail = {
      layout: this.model.task.layout.name,
      observation: [...view.observation],
      action,
      actionMask: Array.from(view.mask, (allowed) => allowed === 1),
      logProbability: logProbs[action]!,
      value,
    };
    const sureRatio = Math.exp(logProbs[action]!);
    const request = isRefused ? `keep ${desiredReplicas}: ${replicas} is out of bounds` : words;
    return {
      // As in the environment: what leaves the bounds scales nothing.
      proposedReplicas: isRefused ? desiredReplicas : replicas,
      because: `learned: ${request}, ${Math.round(100 * sureRatio)} % sure, value ${trimmed(value)}`,
      learned,
      headroom: headroom && { ...headroom, need: this.#task!.need, sureRatio },
    };
  }
}

/** A policy and the input that it is asked about. */
export interface Asked {
  readonly policy: LearnedPolicy;
  readonly input: PolicyInput;
}

/** Answers all of them, each as its own `propose` would, with one call of the engine for each model. A policy may be asked once. */
export function proposeAll(asked: readonly Asked[]): readonly LearnedAnswer[] {
  const answers = new Array<LearnedAnswer>(asked.length);
  for (const [engine, indices] of byEngine(asked)) {
    const { observationSize, lstm, actions } = engine.spec;
    const views = indices.map((i) => asked[i]!.policy.see(asked[i]!.input));
    const observations = new Float32Array(indices.length * observationSize);
    views.forEach(({ normalised }, row) => observations.set(normalised, row * observationSize));
    const states = indices.map((i) => asked[i]!.policy.lstmState);
    const { logits, values, state } = engine.step(observations, lstm === null ? null : joined(states, lstm));
    views.forEach((view, row) => {
      const lstmState = state && {
        h: state.h.slice(row * lstm!, (row + 1) * lstm!),
        c: state.c.slice(row * lstm!, (row + 1) * lstm!),
      };
      const { policy } = asked[indices[row]!]!;
      const ofRow = logits.subarray(row * actions, (row + 1) * actions);
      answers[indices[row]!] = policy.answer(view, ofRow, values[row]!, lstmState);
    });
  }
  return answers;
}

/** A model that is held for one function and not for another steps for both at once. */
function byEngine(asked: readonly Asked[]): Map<Engine, number[]> {
  const groups = new Map<Engine, number[]>();
  asked.forEach(({ policy: { model } }, i) => {
    const group = groups.get(model.engine);
    if (group) group.push(i);
    else groups.set(model.engine, [i]);
  });
  return groups;
}

/** A policy that has seen nothing yet remembers zeros. */
function joined(states: readonly (LstmState | null)[], units: number): LstmState {
  const h = new Float32Array(states.length * units);
  const c = new Float32Array(states.length * units);
  states.forEach((state, row) => {
    if (state === null) return;
    h.set(state.h, row * units);
    c.set(state.c, row * units);
  });
  return { h, c };
}
