/**
 * Policies as an evaluation names them: `<rule or path>[@held][@30s|@bare|@sampled][@stabilised=SECONDS]`.
 *
 * A policy proposes at the end of each window, and the guard decides between it and the platform, as in the live loop. `@bare`
 * takes the guard away: the rule as its vendor ships it. `@stabilised=30` has it keep a scale-down waiting for 30 s. `kpa` decides on
 * its own, every 2 s and without guard, as Knative runs it; `kpa@30s` is KPA at the pace of a window, guarded like the others. The
 * oracle and `foresight` need no guard: they know what comes. A model takes the action it thinks likeliest, as in service; `@sampled`
 * has it draw, as in training. It decides counts behind the guard that it was trained with; `@held` has ticks hold it, behind guard 2.
 */
import { BadInputError } from "../core/errors.ts";
import type { GuardSettings } from "../guard/guard.ts";
import type { PolicyFactory, ScalingPolicy } from "../core/policy.ts";
import { kpaOptionsByName } from "../policies/kpa/kpa.ts";
import { policyByName, isRule } from "../policies/by-name.ts";
import type { Foresight } from "../policies/foresight.ts";
import type { GuardSwitch } from "../sim/scaler.ts";
import type { TickPolicy } from "../sim/simulate.ts";
import { foresightPolicy, type PlanStep } from "./foresight/plan.ts";
import { kpaTickPolicy } from "./kpa-ticks.ts";
import { FORESIGHT_POLICY } from "./knowing.ts";

/** What a policy may need to know of its run. */
export interface RunContext {
  readonly seed: number | string;
  readonly foresight: Foresight;
  /** Searches for it when it is asked for. */
  readonly plan?: () => readonly PlanStep[];
}

/** A policy's instance for one run. */
export type RunningPolicy =
  { readonly pace: "window"; readonly policy: ScalingPolicy } | { readonly pace: "tick"; readonly policy: TickPolicy };

/** A policy that an evaluation can run. */
export interface EvaluatedPolicy {
  /** As tables show it. */
  readonly name: string;
  /** Knows what no policy can. */
  readonly isOracle: boolean;
  /** Null: as the evaluation says. */
  readonly guard: GuardSwitch | null;
  /** Where the guard is another than usual. */
  readonly guardSettings?: Partial<GuardSettings>;
  start(context: RunContext): RunningPolicy;
}

/** What is no rule, for instance a checkpoint. */
export interface FoundPolicy {
  readonly make: PolicyFactory;
  /** Draws its actions; null for what has nothing to draw. */
  readonly sampled: ((seed: number | string) => ScalingPolicy) | null;
}

/** Finds what is no rule, for instance a checkpoint in a folder; null when nothing is there. */
export type PathResolver = (path: string) => Promise<FoundPolicy | null>;

const SUFFIX = /@(30s|bare|sampled)$/;
const STABILISED = /@stabilised=(\d{1,4})$/;
const MAX_STABILISED_SECONDS = 3600;

/** Whether the policy is a rule with its settings, and no model. */
export function isRuleName(name: string): boolean {
  return isRule(name.split(/[:@]/)[0]!);
}

/** Throws `BadInputError` for options that cannot be used, and for a name that is neither a rule nor known to `atPath`. */
export async function resolvePolicy(name: string, atPath?: PathResolver): Promise<EvaluatedPolicy> {
  const seconds = STABILISED.exec(name)?.[1];
  if (seconds === undefined) return resolveGuarded(name, atPath);
  const policy = await resolveGuarded(name.replace(STABILISED, ""), atPath);
  const stabilisationSeconds = Number(seconds);
  if (policy.guard === "off" || stabilisationSeconds > MAX_STABILISED_SECONDS) {
    const what = policy.guard === "off" ? "no guard runs behind it" : `at most ${MAX_STABILISED_SECONDS} s`;
    throw new BadInputError(`policy '${name}': @stabilised=${seconds}: ${what}`);
  }
  return { ...policy, name, guardSettings: { stabilisationSeconds } };
}

async function resolveGuarded(name: string, atPath?: PathResolver): Promise<EvaluatedPolicy> {
  const suffix = SUFFIX.exec(name)?.[1] ?? null;
  const text = suffix === null ? name : name.slice(0, -suffix.length - 1);
  const guard = suffix === "bare" ? "off" : null;
  if (name === FORESIGHT_POLICY) {
    const start = ({ plan }: RunContext): RunningPolicy => {
      if (plan === undefined) throw new BadInputError(`policy '${name}': only an evaluation can search for its plan`);
      return { pace: "tick", policy: foresightPolicy(plan(), name) };
    };
    return { name, isOracle: true, guard: "off", start };
  }
  const [rule, after] = text.split(/[:@]/) as [string, string | undefined];
  if (isRule(rule) && text.startsWith(`${rule}@`)) {
    throw new BadInputError(`policy '${name}': what follows '@' must be 30s or bare, was: '${after}'`);
  }
  if (!isRule(rule)) {
    const found = (await atPath?.(text)) ?? null;
    // A name that nothing knows: the rules' own sentence lists what there is.
    const make = found?.make ?? policyByName(text);
    if (suffix !== "sampled")
      return { name, isOracle: false, guard, start: () => ({ pace: "window", policy: make() }) };
    const sampled = found?.sampled;
    if (sampled)
      return { name, isOracle: false, guard, start: ({ seed }) => ({ pace: "window", policy: sampled(seed) }) };
  }
  if (suffix === "sampled")
    throw new BadInputError(`policy '${name}': only a model that decides counts has actions to draw`);
  if (rule === "kpa" && suffix !== "30s") {
    const options = { ...kpaOptionsByName(text), name };
    return { name, isOracle: false, guard: "off", start: () => ({ pace: "tick", policy: kpaTickPolicy(options) }) };
  }
  const start = (context: RunContext): RunningPolicy => ({ pace: "window", policy: policyByName(text, context)() });
  start({ seed: 1, foresight: NO_FUTURE });
  const isOracle = rule === "oracle";
  return { name, isOracle, guard: isOracle ? "off" : guard, start };
}

/** To check options before there is a schedule. */
const NO_FUTURE: Foresight = {
  schedule: { offsetSeconds: new Float64Array(), work: new Float32Array() },
  startMs: 0,
  busySeconds: 1,
  utilisation: 0.7,
  startupSeconds: 0,
};

/**
 * Splits a comma-separated list of policies, whose options have commas, too: a piece `key=value` belongs to the policy before it.
 * `hpa:cpu=60,down-window=60,kpa` are two.
 */
export function splitPolicies(list: string): string[] {
  const policies: string[] = [];
  for (const piece of list.split(",")) {
    const isOption = /^[^:@/=]+=/.test(piece.trim());
    if (isOption && policies.length > 0) policies[policies.length - 1] += `,${piece.trim()}`;
    else policies.push(piece.trim());
  }
  return policies;
}
