/** The LSTM's state before each sequence of a rollout, with the weights of now. */
import type { Engine, LstmState } from "./engine/types.ts";
import type { Rollout } from "./rollout/types.ts";

/**
 * After an epoch the stored states are those of an older network ("representational drift", Kapturowski et al. 2019, R2D2,
 * §3). The state before the rollout itself remains as it was stored.
 */
export function refreshedLstmStates(engine: Engine, rollout: Rollout, sequenceSteps: number): readonly LstmState[] {
  const { steps, environments, observations, episodeStarts, lstmStates } = rollout;
  const size = observations.length / (steps * environments);
  let lstmState = lstmStates![0]!;
  const refreshed = [lstmState];
  for (let first = 0; first + sequenceSteps < steps; first += sequenceSteps) {
    const from = first * environments;
    const to = from + sequenceSteps * environments;
    const { state } = engine.forwardSequence({
      steps: sequenceSteps,
      sequences: environments,
      observations: observations.subarray(from * size, to * size),
      episodeStarts: episodeStarts.subarray(from, to),
      initialState: lstmState,
    });
    lstmState = state!;
    refreshed.push(lstmState);
  }
  return refreshed;
}
