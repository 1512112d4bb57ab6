/** The agents by name, and the network that each of them learns. */
import type { NetworkSpec } from "./engine/network.ts";
import { trainLstmPpoPlus } from "./lstm-ppo-plus.ts";
import { trainLstmPpo } from "./lstm-ppo.ts";
import { trainPpo } from "./ppo.ts";
import type { AgentName, Hyperparameters } from "./settings.ts";
import type { Train } from "./training.ts";

export const AGENTS: Readonly<Record<AgentName, Train>> = {
  ppo: trainPpo,
  "lstm-ppo": trainLstmPpo,
  "lstm-ppo-plus": trainLstmPpoPlus,
};

export function networkOf({ hidden, lstm }: Hyperparameters, observationSize: number, actions: number): NetworkSpec {
  return { observationSize, hidden, lstm, actions };
}
