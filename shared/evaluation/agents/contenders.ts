/** Who is compared: the three agents in two forms, what is shipped, and the rules, tuned and as they come. */
import { AGENT_NAMES, type AgentName, type Form } from "../../rl/agents.ts";

export interface Contender {
  /** As it stands in the table. */
  readonly name: string;
  /** The policy that runs with one seed, as `evaluate` takes it. */
  policyFor(seed: number): string;
}

export interface LearnedContender {
  readonly agent: AgentName;
  readonly form: Form;
}

const COMPARED_FORMS = ["paper", "corrected"] as const satisfies readonly Form[];

export const LEARNED: readonly LearnedContender[] = AGENT_NAMES.flatMap((agent) =>
  COMPARED_FORMS.map((form) => ({ agent, form })),
);

export const RULES = ["fixed", "hpa", "kpa", "kpa@30s", "keda", "openfaas-ce", "openfaas-pro", "holt-winters"] as const;
/** A fixed count has no default; the hybrid histogram has nothing to tune. */
export const UNTUNED: readonly string[] = [...RULES.filter((rule) => rule !== "fixed"), "hybrid-histogram"];

/** One checkpoint, the same for all seeds: what Replicant proposes with. */
export const SHIPPED: Contender = {
  name: "lstm-ppo-plus product, as shipped",
  policyFor: () => "lstm-ppo-plus@product",
};

export const nameOfLearned = ({ agent, form }: LearnedContender): string => `${agent} ${form}`;
export const nameOfTuned = (rule: string): string => `${rule}, tuned`;
export const nameOfUntuned = (rule: string): string => `${rule}, as it comes`;
