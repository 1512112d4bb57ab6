/** Learned policies: a network that was trained elsewhere, asked once a window; many functions in one go. */
import { ACTION_DELTAS, actionMask, ACTIONS, isWithin } from "../task/actions/change.ts";
import { HEADROOM, headroomReplicas, type ActionScheme, type Need } from "../task/actions/headroom.ts";
import type { NormalisationStatistics } from "../task/environment.ts";
import { BadInputError } from "../core/errors.ts";
import { observationSpaceOf, windowObserver, type WindowObserver } from "../task/observation/observer.ts";
import { REPLICANT_LAYOUT, ReplicantView } from "../task/observation/replicant.ts";
import type { PolicyAnswer, PolicyInput, ScalingPolicy } from "../core/policy.ts";
import type { LearnedDetail, PolicyIdentity } from "../core/proposal.ts";
import type { Random } from "../core/random.ts";
import { likeliest, logProbabilities, sampled } from "../rl/categorical.ts";
import type { Engine, LstmState } from "../rl/engine/types.ts";
import { normaliserOf, type Normaliser } from "../rl/normalisation.ts";
import { trimmed } from "./words.ts";

export interface LearnedModel {
  readonly identity: PolicyIdentity;
  /** Holds the weights; may serve any number of functions. */
  readonly engine: Engine;
  readonly layout: string;
  /** Frozen: those of the training. */
  readonly statistics: NormalisationStatistics | null;
  /** The agent never learned what actions beyond the bounds do. Else it may try, and stays where it is. */
  readonly maskActions: boolean;
  readonly actions: ActionScheme;
  /** Ticks hold the room that it wants (`held-model.ts`); else it decides counts at windows. Default false. */
  readonly isHeld?: boolean;
}

/** What the action of a headroom asks for. */
export interface WantedRoom {
  readonly of: keyof Need;
  readonly times: number;
  readonly need: Need;
  /** Probability of the action, 0…1. */
  readonly sureRatio: number;
}

export interface LearnedAnswer extends PolicyAnswer {
  /** Null where actions change a count. */
  readonly room: WantedRoom | null;
}

export interface LearnedOptions {
  /** Draws actions as in training; absent: always the likeliest. */
  readonly random?: Random;
}

/** What stands between a window and its answer, of one function. */
interface Sight {
  readonly input: PolicyInput;
  readonly observation: Float32Array;
  readonly normalised: Float32Array;
  readonly mask: Uint8Array;
  /** The load in replicas, where the layout computes it. */
  readonly need: Need | null;
}

/** The policy of one function: remembers its windows and the LSTM's state. */
export class LearnedPolicy implements ScalingPolicy {
  readonly identity: PolicyIdentity;
  readonly model: LearnedModel;
  readonly #random: Random | undefined;
  readonly #normalised: Normaliser;
  #observer: WindowObserver | null = null;
  #memory: LstmState | null = null;

  /** Throws `BadInputError` when the network does not fit the layout or the actions. */
  constructor(model: LearnedModel, { random }: LearnedOptions = {}) {
    const { observationSize, actions } = model.engine.spec;
    const size = observationSpaceOf(model.layout).low.length;
    if (observationSize !== size || actions !== ACTIONS) {
      const has = `${observationSize} observations and ${actions} actions`;
      throw new BadInputError(`the model has ${has}, layout '${model.layout}' has ${size} and ${ACTIONS}`);
    }
    if (model.actions === "headroom" && model.layout !== REPLICANT_LAYOUT)
      throw new BadInputError(`headroom actions need layout '${REPLICANT_LAYOUT}', the model has '${model.layout}'`);
    this.identity = model.identity;
    this.model = model;
    this.#random = random;
    this.#normalised = normaliserOf(model.statistics);
  }

  propose(input: PolicyInput): LearnedAnswer {
    return proposeAll([{ policy: this, input }])[0]!;
  }

  get memory(): LstmState | null {
    return this.#memory;
  }

  see(input: PolicyInput): Sight {
    this.#observer ??= windowObserver(this.model.layout, input.managed);
    const observation = this.#observer.see(input.window);
    const { maskActions, actions } = this.model;
    const mask =
      maskActions && actions === "change"
        ? actionMask(input.window.desiredReplicas, input.managed)
        : new Uint8Array(ACTIONS).fill(1);
    const need = this.#observer instanceof ReplicantView ? this.#observer.need : null;
    return { input, observation, normalised: this.#normalised(observation), mask, need };
  }

  /** What the network made of the sight becomes the answer; `memory` is kept for the next window. */
  answer(sight: Sight, logits: ArrayLike<number>, value: number, memory: LstmState | null): LearnedAnswer {
    this.#memory = memory;
    const logProbs = logProbabilities(logits, sight.mask);
    const action = this.#random ? sampled(logProbs, this.#random) : likeliest(logProbs);
    const { proposedReplicas, words } = this.#wish(sight, action);
    const learned: LearnedDetail = {
      layout: this.model.layout,
      observation: [...sight.observation],
      action,
      actionMask: Array.from(sight.mask, (allowed) => allowed === 1),
      logProbability: logProbs[action]!,
      value,
    };
    const sureRatio = Math.exp(logProbs[action]!);
    const sure = `${Math.round(100 * sureRatio)} % sure`;
    const because = `learned: ${words}, ${sure}, value ${trimmed(value)}`;
    const room = this.model.actions === "headroom" ? { ...HEADROOM[action]!, need: sight.need!, sureRatio } : null;
    return { proposedReplicas, because, learned, room };
  }

  #wish({ input, need }: Sight, action: number): { readonly proposedReplicas: number; readonly words: string } {
    const { desiredReplicas } = input.window;
    if (this.model.actions === "headroom") {
      const proposedReplicas = headroomReplicas(need!, action, input.managed);
      const { of, times } = HEADROOM[action]!;
      const what = of === "now" ? "needed now" : "needed at the latest peak";
      return { proposedReplicas, words: `${times} × ${trimmed(need![of])} replicas ${what}` };
    }
    const delta = ACTION_DELTAS[action]!;
    const wished = desiredReplicas + delta;
    // As the environment had it: what leaves the bounds scales nothing.
    if (!this.model.maskActions && !isWithin(wished, input.managed)) {
      return { proposedReplicas: desiredReplicas, words: `keep ${desiredReplicas}: ${wished} is out of bounds` };
    }
    const words =
      delta === 0 ? `keep ${desiredReplicas}` : `${delta > 0 ? "+" : "−"}${Math.abs(delta)} on ${desiredReplicas}`;
    return { proposedReplicas: wished, words };
  }
}

export interface Asked {
  readonly policy: LearnedPolicy;
  readonly input: PolicyInput;
}

/** Answers all of them, each as its own `propose` would, with one call of the engine for each model. A policy may be asked once. */
export function proposeAll(asked: readonly Asked[]): readonly LearnedAnswer[] {
  const answers = new Array<LearnedAnswer>(asked.length);
  for (const [engine, indices] of byEngine(asked)) {
    const { observationSize, lstm, actions } = engine.spec;
    const sights = indices.map((i) => asked[i]!.policy.see(asked[i]!.input));
    const observations = new Float32Array(indices.length * observationSize);
    sights.forEach(({ normalised }, row) => observations.set(normalised, row * observationSize));
    const memories = indices.map((i) => asked[i]!.policy.memory);
    const { logits, values, state } = engine.step(observations, lstm === null ? null : joined(memories, lstm));
    sights.forEach((sight, row) => {
      const memory = state && {
        h: state.h.slice(row * lstm!, (row + 1) * lstm!),
        c: state.c.slice(row * lstm!, (row + 1) * lstm!),
      };
      const { policy } = asked[indices[row]!]!;
      const ofRow = logits.subarray(row * actions, (row + 1) * actions);
      answers[indices[row]!] = policy.answer(sight, ofRow, values[row]!, memory);
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
function joined(memories: readonly (LstmState | null)[], units: number): LstmState {
  const h = new Float32Array(memories.length * units);
  const c = new Float32Array(memories.length * units);
  memories.forEach((memory, row) => {
    if (memory === null) return;
    h.set(memory.h, row * units);
    c.set(memory.c, row * units);
  });
  return { h, c };
}
