/** Hyperparameters: what each means, and what each agent uses, as published and corrected. */
import type { ActionScheme } from "../task/actions/headroom.ts";
import type { ObservedLayout } from "../task/observation/observer.ts";
import type { ObjectiveName } from "../task/objectives/published.ts";
import type { Schedulable } from "./schedules.ts";

export interface Hyperparameters {
  /** Units of the dense ReLU layers before the memory. */
  readonly hidden: readonly number[];
  /** Units of the LSTM; null: no memory. */
  readonly lstm: number | null;
  /** Adam's step size. */
  readonly learningRate: Schedulable;
  /** γ: what a reward one window later is worth now. */
  readonly discount: number;
  /** λ of GAE: 0 trusts the critic, 1 the rewards. */
  readonly gaeLambda: number;
  /** ε: the new policy gains nothing by moving the ratio further than this from 1. */
  readonly clipRange: number;
  /** Weight of the critic's error in the loss. */
  readonly valueCoefficient: number;
  /** Weight of the entropy bonus: keeps the agent trying. */
  readonly entropyCoefficient: Schedulable;
  /** The gradient is scaled down to this L2 norm. */
  readonly maxGradNorm: number;
  /** Environments that are stepped side by side. */
  readonly environments: number;
  /** Steps of all environments together between two updates. */
  readonly rolloutSteps: number;
  /** Steps that one gradient is made of. */
  readonly minibatchSteps: number;
  /** Passes over a rollout. */
  readonly epochs: number;
  /** An update ends early when the policy moved further than this (approximate KL); null: never. */
  readonly targetKl: number | null;
  /** Steps through which a gradient flows back; the memory before them comes from the rollout. 1 without memory. */
  readonly sequenceSteps: number;
  /** Computes the memory before each sequence again, with the new weights, before each further epoch. */
  readonly refreshMemory: boolean;
  /** Windows of an episode. */
  readonly episodeWindows: number;
  /** Values what comes after a cut by the critic; else a cut counts as an end. */
  readonly bootstrapTruncation: boolean;
  /** Never tries an action that leaves the bounds. */
  readonly maskActions: boolean;
  /** Shifts and scales observations by their running mean and deviation. */
  readonly normaliseObservations: boolean;
  /** Each episode has a platform of its own, drawn from the simulator's ranges, and begins with any replica count. */
  readonly randomisePlatform: boolean;
  /** The guard stands between agent and platform, as in service. */
  readonly guard: boolean;
  /** Rewards tell how much better than a steady hand on the same load: most of the luck of the load falls out. */
  readonly comparedRewards: boolean;
}

export const AGENT_NAMES = ["ppo", "lstm-ppo", "lstm-ppo-plus"] as const;
export type AgentName = (typeof AGENT_NAMES)[number];

/** `paper`: as published. `corrected`: its defects mended. `product`: the same, with our own observation and objective. */
export const FORMS = ["paper", "corrected", "product"] as const;
export type Form = (typeof FORMS)[number];

export interface AgentSettings {
  readonly agent: AgentName;
  readonly form: Form;
  readonly layout: ObservedLayout;
  readonly objective: ObjectiveName | "product";
  /** What its five actions mean. */
  readonly actions: ActionScheme;
  readonly hyperparameters: Hyperparameters;
}

/** What the three published methods have in common. Episodes of ten windows that end by being cut, cut treated as end. */
const PAPER = {
  hidden: [64, 64],
  learningRate: 3e-4,
  discount: 0.99,
  gaeLambda: 0.95,
  clipRange: 0.2,
  valueCoefficient: 0.5,
  maxGradNorm: 0.5,
  minibatchSteps: 128,
  targetKl: null,
  refreshMemory: false,
  episodeWindows: 10,
  bootstrapTruncation: false,
  maskActions: false,
  normaliseObservations: false,
  randomisePlatform: false,
  guard: false,
  comparedRewards: false,
  // The published code steps one live function; four side by side gather the same steps with fewer, larger products.
  environments: 4,
} as const;

/** Found by trying on training loads: what an action does shows within minutes, so the sight is shorter than published. */
const CORRECTED = {
  ...PAPER,
  discount: 0.95,
  gaeLambda: 0.9,
  learningRate: { from: 1e-3, to: 5e-5 },
  entropyCoefficient: { from: 0.01, to: 0 },
  environments: 16,
  rolloutSteps: 2048,
  minibatchSteps: 256,
  epochs: 6,
  targetKl: 0.03,
  refreshMemory: true,
  episodeWindows: 120,
  bootstrapTruncation: true,
  maskActions: true,
  normaliseObservations: true,
  randomisePlatform: true,
  guard: true,
  comparedRewards: true,
} as const;

const MEMORY = { lstm: 256, sequenceSteps: 32 } as const;
const NO_MEMORY = { lstm: null, sequenceSteps: 1 } as const;

/** Sources: the LSTM-PPO+ paper's table for itself and PPO; Agarwal et al. (IEEE TSC 2024) and its library's defaults for LSTM-PPO. */
const PAPER_OF: Readonly<Record<AgentName, Omit<AgentSettings, "agent" | "form" | "actions">>> = {
  ppo: {
    layout: "plus-7",
    objective: "paper",
    hyperparameters: { ...PAPER, ...NO_MEMORY, entropyCoefficient: 0, rolloutSteps: 2000, epochs: 1 },
  },
  "lstm-ppo": {
    layout: "agarwal-6",
    objective: "agarwal",
    hyperparameters: { ...PAPER, ...MEMORY, entropyCoefficient: 0, rolloutSteps: 128, epochs: 10 },
  },
  "lstm-ppo-plus": {
    layout: "plus-7",
    objective: "paper",
    hyperparameters: { ...PAPER, ...MEMORY, entropyCoefficient: 0.01, rolloutSteps: 2000, epochs: 1 },
  },
};

const CORRECTED_OF: Readonly<Record<AgentName, Hyperparameters>> = {
  ppo: { ...CORRECTED, ...NO_MEMORY },
  "lstm-ppo": { ...CORRECTED, ...MEMORY, entropyCoefficient: 0 },
  "lstm-ppo-plus": { ...CORRECTED, ...MEMORY },
};

const PRODUCT = {
  discount: 0.9,
  entropyCoefficient: { from: 0.005, to: 0 },
  environments: 32,
  rolloutSteps: 4096,
} as const;

/** A live platform is one environment whose start no twin can share, behind its own guard; a step is a window, so rounds are short. */
export function liveSettings(settings: AgentSettings, rolloutSteps: number): AgentSettings {
  const { hyperparameters } = settings;
  const live = { environments: 1, randomisePlatform: false, guard: true, comparedRewards: false };
  const sequenceSteps = Math.min(hyperparameters.sequenceSteps, rolloutSteps);
  const inSequences = Math.ceil(rolloutSteps / sequenceSteps) * sequenceSteps;
  const minibatchSteps = Math.min(hyperparameters.minibatchSteps, inSequences);
  const sizes = { rolloutSteps, sequenceSteps, minibatchSteps };
  return { ...settings, hyperparameters: { ...hyperparameters, ...live, ...sizes } };
}

export function settingsOf(agent: AgentName, form: Form): AgentSettings {
  if (form === "paper") return { agent, form, actions: "change", ...PAPER_OF[agent] };
  const corrected = CORRECTED_OF[agent];
  return form === "corrected"
    ? { agent, form, layout: "plus-8", objective: "corrected", actions: "change", hyperparameters: corrected }
    : {
        agent,
        form,
        layout: "replicant-24",
        objective: "product",
        actions: "headroom",
        // Half the memory of the published network learns as well here, in a third of the time.
        hyperparameters: { ...corrected, ...PRODUCT, lstm: corrected.lstm === null ? null : 128 },
      };
}
