/** The three agents in their forms, as tables. They learn by one loop (`ppo.ts`): their differences are all here. */
import { taskNamed, type TaskNames } from "../task/task.ts";
import type { NetworkSpec } from "./engine/network.ts";
import type { Hyperparameters } from "./hyperparameters.ts";

/** The agents that can be trained. */
export const AGENT_NAMES = ["ppo", "lstm-ppo", "lstm-ppo-plus"] as const;
/** One of `AGENT_NAMES`. */
export type AgentName = (typeof AGENT_NAMES)[number];

/** `paper`: as published. `corrected`: its defects fixed. `product`: the same, with our own observation and objective. */
export const FORMS = ["paper", "corrected", "product"] as const;
/** One of `FORMS`. */
export type Form = (typeof FORMS)[number];

/** An agent in one of its forms: its task by name, and its hyperparameters. */
export interface AgentSettings extends TaskNames {
  readonly agent: AgentName;
  readonly form: Form;
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

/** Found by trying on training loads: what an action does shows within minutes, so the horizon is shorter than published. */
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

const LSTM = { lstm: 256, sequenceSteps: 32 } as const;
const NO_LSTM = { lstm: null, sequenceSteps: 1 } as const;

const CHANGES = { actions: "change" } as const;
const AS_CORRECTED = { ...CHANGES, layout: "plus-8", objective: "corrected" } as const;
const AS_PRODUCT = { actions: "headroom", layout: "replicant-24", objective: "product" } as const;

const PRODUCT = {
  discount: 0.9,
  entropyCoefficient: { from: 0.005, to: 0 },
  environments: 32,
  rolloutSteps: 4096,
} as const;
/** Half the memory of the published network learns as well here, in a third of the time. */
const SMALL_LSTM = { lstm: 128 } as const;

type Row = Omit<AgentSettings, "agent" | "form">;

/**
 * The three agents: what differs between two rows of a form is what differs between their papers. Sources: the LSTM-PPO+ paper's
 * table for itself and PPO; Agarwal et al. (IEEE TSC 2024, "A deep recurrent-reinforcement learning method for intelligent
 * autoscaling of serverless functions") and its library's defaults for LSTM-PPO.
 */
const AGENTS: Readonly<Record<Form, Readonly<Record<AgentName, Row>>>> = {
  paper: {
    ppo: {
      ...{ ...CHANGES, layout: "plus-7", objective: "paper" },
      hyperparameters: { ...PAPER, ...NO_LSTM, entropyCoefficient: 0, rolloutSteps: 2000, epochs: 1 },
    },
    "lstm-ppo": {
      ...{ ...CHANGES, layout: "agarwal-6", objective: "agarwal" },
      hyperparameters: { ...PAPER, ...LSTM, entropyCoefficient: 0, rolloutSteps: 128, epochs: 10 },
    },
    "lstm-ppo-plus": {
      ...{ ...CHANGES, layout: "plus-7", objective: "paper" },
      hyperparameters: { ...PAPER, ...LSTM, entropyCoefficient: 0.01, rolloutSteps: 2000, epochs: 1 },
    },
  },
  corrected: {
    ppo: { ...AS_CORRECTED, hyperparameters: { ...CORRECTED, ...NO_LSTM } },
    "lstm-ppo": { ...AS_CORRECTED, hyperparameters: { ...CORRECTED, ...LSTM, entropyCoefficient: 0 } },
    "lstm-ppo-plus": { ...AS_CORRECTED, hyperparameters: { ...CORRECTED, ...LSTM } },
  },
  product: {
    ppo: { ...AS_PRODUCT, hyperparameters: { ...CORRECTED, ...NO_LSTM, ...PRODUCT } },
    "lstm-ppo": { ...AS_PRODUCT, hyperparameters: { ...CORRECTED, ...LSTM, ...PRODUCT, ...SMALL_LSTM } },
    "lstm-ppo-plus": { ...AS_PRODUCT, hyperparameters: { ...CORRECTED, ...LSTM, ...PRODUCT, ...SMALL_LSTM } },
  },
};

/** The settings of an agent in one of its forms. */
export function settingsOf(agent: AgentName, form: Form): AgentSettings {
  return { agent, form, ...AGENTS[form][agent] };
}

/** What a form is trained on by default. */
export interface TrainingDefaults {
  /** Profiles of the simulator, in turn over the environments. */
  readonly profiles: readonly string[];
  /** Traces keep their rates; else each episode is scaled to a need of its own, and made-up shapes come besides. */
  readonly keepsRates: boolean;
}

/** The product is to serve functions of several kinds; the published agents were made for one. */
export const TRAINING_DEFAULTS: Readonly<Record<Form, TrainingDefaults>> = {
  paper: { profiles: ["stress"], keepsRates: true },
  corrected: { profiles: ["stress"], keepsRates: true },
  product: { profiles: ["stress", "heavy", "stress", "io"], keepsRates: false },
};

/** The network that an agent learns. */
export function networkOf({ hyperparameters: { hidden, lstm }, ...names }: AgentSettings): NetworkSpec {
  const { layout, actions } = taskNamed(names);
  return { observationSize: layout.features.length, hidden, lstm, actions: actions.count };
}

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
