/** Plays one live environment, a window a step. What was lived cannot be lived again: going on begins a new episode. */
import type { LiveEnvironment } from "../../task/environment/contract.ts";
import { BadInputError } from "../../core/errors.ts";
import { seededRandom } from "../../core/random.ts";
import type { Engine, LstmState } from "../engine/types.ts";
import { RolloutRecorder, type PlayedStep, type AgentView } from "./recorder.ts";
import type { RolloutCollector } from "./types.ts";

/** How a live environment is played. */
export interface LiveCollectorOptions {
  /** Holds the weights of each order. */
  readonly engine: Engine;
  readonly environment: LiveEnvironment;
  readonly seed: number | string;
}

/** Collects rollouts from one environment that takes real time. */
export function liveCollector({ engine, environment, seed }: LiveCollectorOptions): RolloutCollector {
  let lstmState: LstmState | null = null;
  let view: AgentView | null = null;
  let episode = 0;
  let length = 0;
  let total = 0;

  async function begin(): Promise<AgentView> {
    const { observation, info } = await environment.reset();
    [length, total] = [0, 0];
    return { observation, actionMask: info.actionMask, isStart: true };
  }

  async function stepOf(action: number): Promise<PlayedStep> {
    const { observation, reward, terminated, truncated, info } = await environment.step(action);
    length++;
    total += reward;
    if (!terminated && !truncated) {
      view = { observation, actionMask: info.actionMask, isStart: false };
      return { reward, terminated, truncated, lastObservation: null, ended: null };
    }
    const ended = { return: total, length };
    episode++;
    view = await begin();
    return { reward, terminated, truncated, lastObservation: observation, ended };
  }

  return {
    async collect(order) {
      const random = seededRandom(`${seed}/play/live/${order.round}`);
      const recorder = new RolloutRecorder(engine, order, 1, { random, lstmState });
      view ??= await begin();
      for (let t = 0; t < order.steps; t++) {
        const [action] = recorder.decide([view]);
        recorder.record([await stepOf(action!)]);
      }
      lstmState = recorder.lstmState;
      const place = { environments: [{ episode: episode + 1, actions: [] }], lstmState: null };
      return [{ ...recorder.finish([view]), place }];
    },
    async restore(places) {
      const place = places[0]?.environments[0];
      if (places.length !== 1 || !place) throw new BadInputError("the checkpoint is none of a live training");
      episode = place.episode;
    },
    close: async () => {},
  };
}
