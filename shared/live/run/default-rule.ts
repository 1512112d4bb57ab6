/** What the default rule would have come to on the load of a run: simulated, on the very requests that were sent. */
import { MANAGED_DEFAULTS } from "../../core/managed-function.ts";
import { planSchedule } from "../../traces/schedule.ts";
import { budgetOf, percentWords, type Slo } from "../../core/slo.ts";
import { type MetricsWindow, WINDOW_SECONDS } from "../../core/window.ts";
import { parseTrace } from "../../traces/formats/parse-trace.ts";
import { simProfile, type SimProfile } from "../../sim/profiles.ts";
import { rulesOf } from "../../deploy/gateway-profile.ts";
import { recordedProfile } from "../../evaluation/recorded-load.ts";
import { simulatedScores } from "../../evaluation/simulated-scores.ts";
import { WORK, type LoadPlan } from "../load.ts";
import type { LiveRunOptions } from "./options.ts";

/** The figures of the default rule on a run's load. */
export interface DefaultRuleOutcome {
  readonly policy: string;
  /** The run itself was decided by this rule: the simulation then shows what was to be expected of it. */
  readonly isOwn: boolean;
  /** Of the requests, those that were late or failed. */
  readonly sloViolationShare: number;
  /** Desired replicas over the run's ticks, as in the run's own total. */
  readonly replicaSeconds: number;
}

/** A load that was replayed, and the windows that were measured. */
export interface PlayedLoad extends Pick<LiveRunOptions, "seed" | "rateScale" | "fromWindow" | "profile"> {
  readonly plan: LoadPlan;
  /** Of the load's function, in their order: what a call of it takes is read from them. */
  readonly windows: readonly MetricsWindow[];
}

/** Fewer say too little of what an invocation takes. */
const MIN_WINDOWS = 3;

/** Null for a run that is too short to judge. A run that was stopped is simulated as far as it went. */
export async function defaultRuleOutcome(played: PlayedLoad): Promise<DefaultRuleOutcome | null> {
  const { plan, windows } = played;
  if (windows.length < MIN_WINDOWS) return null;
  const trace = parseTrace(plan.name, plan.text, plan.selection, { format: plan.format });
  const schedule = planSchedule(trace, {
    ...{ seed: played.seed, rateScale: played.rateScale, workCv: WORK.cv, windowSeconds: WINDOW_SECONDS },
    fromSeconds: played.fromWindow * WINDOW_SECONDS,
    durationSeconds: Math.min(plan.windows, windows.length) * WINDOW_SECONDS,
  });
  const { policy } = MANAGED_DEFAULTS;
  const { simulated } = await simulatedScores(policy, schedule, profileOf(played));
  return { policy, isOwn: plan.managed.policy === policy, ...simulated };
}

function profileOf({ plan, windows, profile }: PlayedLoad): SimProfile {
  const { minReplicas, maxReplicas } = rulesOf(profile);
  const parameters = { replicaFloor: minReplicas, replicaCap: maxReplicas };
  return simProfile(recordedProfile(windows, plan.managed), { parameters });
}

/** One line beside the run's own figures. */
export function defaultRuleLine(outcome: DefaultRuleOutcome, slo: Slo, runReplicaSeconds: number): string {
  const { policy, isOwn, sloViolationShare, replicaSeconds } = outcome;
  const whose = isOwn ? "the same run, simulated" : `${policy} on the same load, simulated`;
  const late = `${percentWords(sloViolationShare)} of ${percentWords(budgetOf(slo))}`;
  return `${whose}: ${late}, ${Math.round(replicaSeconds)} replica-seconds (this run: ${Math.round(runReplicaSeconds)})`;
}
