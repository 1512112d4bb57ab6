/** Who is compared: the three agents in two forms, what is shipped, and the rules, tuned and as they come. */
import { RULES } from "../../policies/by-name.ts";
import { AGENT_NAMES, type AgentName, type Form } from "../../rl/agents.ts";

/** A row of the comparison. */
export interface Contender {
  /** As the table has it. */
  readonly name: string;
  /** The policy that runs with one seed, as `evaluate` takes it. */
  policyFor(seed: number): string;
}

/** An agent that is trained in one of its forms. */
export interface LearnedContender {
  readonly agent: AgentName;
  readonly form: Form;
}

const COMPARED_FORMS = ["paper", "corrected"] as const satisfies readonly Form[];

/** All agents in all forms that are compared. */
export const LEARNED: readonly LearnedContender[] = AGENT_NAMES.flatMap((agent) =>
  COMPARED_FORMS.map((form) => ({ agent, form })),
);

const COMPARED = Object.values(RULES).flatMap(({ compared, tunable }) =>
  compared.map((name) => ({ name, isTunable: tunable.length > 0 })),
);

/** Rules whose settings are searched first. */
export const TUNED: readonly string[] = COMPARED.filter(({ isTunable }) => isTunable).map(({ name }) => name);
/** Rules as they come; a fixed count has no default. */
export const UNTUNED: readonly string[] = COMPARED.map(({ name }) => name).filter((name) => name !== "fixed");

/** One checkpoint, the same for all seeds: what Replicant proposes with. */
export const SHIPPED: Contender = {
  name: "lstm-ppo-plus product, as shipped",
  policyFor: () => "lstm-ppo-plus@product",
};

/** The name of a learned contender in the table. */
export const nameOfLearned = ({ agent, form }: LearnedContender): string => `${agent} ${form}`;
/** The name of a tuned rule in the table. */
export const nameOfTuned = (rule: string): string => `${rule}, tuned`;
/** The name in the table of a rule with its default options. */
export const nameOfUntuned = (rule: string): string => `${rule}, as it comes`;
