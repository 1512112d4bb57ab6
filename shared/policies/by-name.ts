/**
 * Rules by name: `name[:option[,option…]]`, an option being `key=value` or a bare word. For instance `fixed:3`,
 * `hpa:cpu=60`, `openfaas-pro:rps,target=20`, `kpa:utilisation=0.5,stable=120`.
 */
import { BadInputError } from "../core/errors.ts";
import type { PolicyFactory } from "../core/policy.ts";
import { seededRandom } from "../core/random.ts";
import { fixedPolicy } from "./fixed.ts";
import { FORECAST_MPC_OPTIONS, forecastMpcPolicy } from "./forecast-mpc/policy.ts";
import { HOLT_WINTERS_OPTIONS, holtWintersPolicy } from "./holt-winters.ts";
import { DEFAULT_BEHAVIOUR, type ScalingRules } from "./hpa/behaviour.ts";
import { HPA_OPTIONS, hpaPolicy, type HpaOptions } from "./hpa/hpa.ts";
import { hybridHistogramPolicy } from "./hybrid-histogram/policy.ts";
import { FALLBACK_BEHAVIOURS } from "./keda/fallback.ts";
import { KEDA_OPTIONS, kedaPolicy } from "./keda/keda.ts";
import { KPA_OPTIONS, kpaPolicy, type KpaOptions } from "./kpa/kpa.ts";
import { CE_OPTIONS, cePolicy } from "./openfaas/ce.ts";
import { PRO_OPTIONS, PRO_TYPES, proPolicy } from "./openfaas/pro.ts";
import { PolicyOptions } from "./options.ts";
import { oraclePolicy, type Foresight } from "./oracle.ts";
import { randomPolicy } from "./random.ts";
import { SLO_BUDGET_OPTIONS, sloBudgetPolicy, type SloBudgetOptions } from "./slo-budget/policy.ts";

export interface PolicyContext {
  /** For `random`; 1 where it is not given. */
  readonly seed?: number | string;
  /** For `oracle`: only a simulation or an evaluation knows the future. */
  readonly foresight?: Foresight;
}

interface Rule {
  /** How it is written, with its options. */
  readonly usage: string;
  readonly make: (options: PolicyOptions, context: PolicyContext) => PolicyFactory;
}

/** The options that `forecast-mpc` has from `slo-budget`, with the defaults of each. */
const budgetUsage = ({ aim, gain, firstGain, debt, holdSeconds, holdStarts }: SloBudgetOptions) =>
  `aim=${aim},gain=${gain},first-gain=${firstGain},debt=${debt},hold=${holdSeconds},starts=${holdStarts}`;

const RULES: Readonly<Record<string, Rule>> = {
  fixed: {
    usage: "fixed:N",
    make(options) {
      const replicas = options.bareNumber("the count", { least: 0, whole: true });
      return () => fixedPolicy(replicas);
    },
  },
  hpa: {
    usage: "hpa[:cpu=70,tolerance=0.1,behaviour=default,up-window=0,down-window=300]",
    make(options) {
      const window = (key: string, { stabilisationSeconds }: ScalingRules) =>
        options.number(key, stabilisationSeconds, { least: 0, most: 3600 });
      const { up, down } = DEFAULT_BEHAVIOUR;
      const downWindow = window("down-window", down);
      const settings: HpaOptions = {
        name: options.text,
        cpuPercent: options.number("cpu", HPA_OPTIONS.cpuPercent, { least: 1, most: 1000 }),
        tolerance: options.number("tolerance", HPA_OPTIONS.tolerance, { least: 0, most: 1 }),
        behaviour:
          options.choice("behaviour", ["default", "none"], "default") === "none"
            ? { kind: "none", downStabilisationSeconds: downWindow }
            : {
                up: { ...up, stabilisationSeconds: window("up-window", up) },
                down: { ...down, stabilisationSeconds: downWindow },
              },
      };
      return () => hpaPolicy(settings);
    },
  },
  kpa: {
    usage:
      "kpa[:concurrency|rps,target=N,utilisation=0.7,stable=60,panic=0.1,threshold=2,up=1000,down=2,delay=0,activation=1]",
    make(options) {
      const settings = kpaOptions(options);
      return () => kpaPolicy(settings);
    },
  },
  keda: {
    usage: "keda[:threshold=N,activation=0,cooldown=300,fallback=N,failures=3,behaviour=static]",
    make(options) {
      const replicas = options.number("fallback", null, { least: 0, whole: true });
      const failureThreshold = options.number("failures", 3, { least: 0, whole: true });
      const behaviour = options.choice("behaviour", FALLBACK_BEHAVIOURS, "static");
      const settings = {
        name: options.text,
        threshold: options.number("threshold", KEDA_OPTIONS.threshold, { least: 0.01 }),
        activationThreshold: options.number("activation", KEDA_OPTIONS.activationThreshold, { least: 0 }),
        cooldownSeconds: options.number("cooldown", KEDA_OPTIONS.cooldownSeconds, { least: 0 }),
        fallback: replicas === null ? null : { failureThreshold, replicas, behaviour },
      };
      return () => kedaPolicy(settings);
    },
  },
  "openfaas-ce": {
    usage: "openfaas-ce[:rps=5,factor=10,cap=5]",
    make(options) {
      const settings = {
        name: options.text,
        thresholdRps: options.number("rps", CE_OPTIONS.thresholdRps, { least: 0 }),
        factorPercent: options.number("factor", CE_OPTIONS.factorPercent, { least: 0, most: 100 }),
        cap: options.number("cap", CE_OPTIONS.cap, { least: 1, whole: true }),
      };
      return () => cePolicy(settings);
    },
  },
  "openfaas-pro": {
    usage: "openfaas-pro[:capacity|rps|cpu,target=N,proportion=0.9,down-window=0,zero-duration=900]",
    make(options) {
      const settings = {
        name: options.text,
        type: options.word(PRO_TYPES, PRO_OPTIONS.type),
        target: options.number("target", PRO_OPTIONS.target, { least: 0.01 }),
        proportion: options.number("proportion", PRO_OPTIONS.proportion, { least: 0.01, most: 1 }),
        downWindowSeconds: options.number("down-window", PRO_OPTIONS.downWindowSeconds, { least: 0, most: 300 }),
        zeroDurationSeconds: options.number("zero-duration", PRO_OPTIONS.zeroDurationSeconds, { least: 0 }),
      };
      return () => proPolicy(settings);
    },
  },
  "slo-budget": {
    usage: `slo-budget[:${budgetUsage(SLO_BUDGET_OPTIONS)},burst=2]`,
    make(options) {
      const otherwise = SLO_BUDGET_OPTIONS;
      const burstPower = options.number("burst", otherwise.burstPower, { least: 0, most: 10 });
      const settings = { name: options.text, ...budgetOptions(options, otherwise), burstPower };
      return () => sloBudgetPolicy(settings);
    },
  },
  "forecast-mpc": {
    usage: `forecast-mpc[:horizon=12,half-life=240,likeness=0.15,depth=0.9,${budgetUsage(FORECAST_MPC_OPTIONS)}]`,
    make(options) {
      const otherwise = FORECAST_MPC_OPTIONS;
      const settings = {
        ...otherwise,
        ...budgetOptions(options, otherwise),
        name: options.text,
        horizon: options.number("horizon", otherwise.horizon, { least: 1, most: 16, whole: true }),
        halfLife: options.number("half-life", otherwise.halfLife, { least: 1, most: 10_000 }),
        likeness: options.number("likeness", otherwise.likeness, { least: 0.01, most: 10 }),
        depth: options.number("depth", otherwise.depth, { least: 0, most: 0.95 }),
      };
      return () => forecastMpcPolicy(settings);
    },
  },
  "hybrid-histogram": {
    usage: "hybrid-histogram",
    make(options) {
      return () => hybridHistogramPolicy(options.text);
    },
  },
  "holt-winters": {
    usage: "holt-winters[:season=120,alpha=0.3,beta=0.01,gamma=0.1,ahead=2,utilisation=0.7]",
    make(options) {
      const otherwise = HOLT_WINTERS_OPTIONS;
      const settings = {
        name: options.text,
        season: options.number("season", otherwise.season, { least: 1, most: 100_000, whole: true }),
        alpha: options.number("alpha", otherwise.alpha, { least: 0, most: 1 }),
        beta: options.number("beta", otherwise.beta, { least: 0, most: 1 }),
        gamma: options.number("gamma", otherwise.gamma, { least: 0, most: 1 }),
        aheadWindows: options.number("ahead", otherwise.aheadWindows, { least: 1, most: 100, whole: true }),
        utilisation: options.number("utilisation", otherwise.utilisation, { least: 0.01, most: 1 }),
      };
      return () => holtWintersPolicy(settings);
    },
  },
  random: {
    usage: "random[:step=2,seed=N]",
    make(options, { seed: given = 1 }) {
      const step = options.number("step", 2, { least: 0, most: 1000, whole: true });
      const seed = options.number("seed", null, { least: 0, whole: true }) ?? given;
      return () => randomPolicy(seededRandom(seed).fork("random-policy"), { name: options.text, step });
    },
  },
  oracle: {
    usage: "oracle[:utilisation=0.7]",
    make(options, { foresight }) {
      if (foresight === undefined) throw options.problem("the future is only known in a simulation or an evaluation");
      const utilisation = options.number("utilisation", foresight.utilisation, { least: 0.01, most: 1 });
      return () => oraclePolicy({ ...foresight, utilisation }, options.text);
    },
  },
};

/** Every rule as it is written, in the order in which they are listed to a person. */
export const POLICY_USAGES: readonly string[] = Object.values(RULES).map(({ usage }) => usage);

/** Throws `BadInputError` for an unknown name (listing the known ones) and for options that cannot be used. */
export function policyByName(text: string, context: PolicyContext = {}): PolicyFactory {
  const options = new PolicyOptions(text);
  const rule = Object.hasOwn(RULES, options.name) ? RULES[options.name] : undefined;
  if (rule === undefined) throw new BadInputError(`unknown policy '${text}'; known are ${POLICY_USAGES.join("; ")}`);
  const factory = rule.make(options, context);
  options.done();
  return factory;
}

/** KPA's options from its name, for whoever runs it at another pace than a window's. */
export function kpaOptionsByName(text: string): KpaOptions {
  const options = new PolicyOptions(text);
  const settings = kpaOptions(options);
  options.done();
  return settings;
}

/** What `forecast-mpc` takes from `slo-budget`. */
function budgetOptions(options: PolicyOptions, otherwise: SloBudgetOptions) {
  return {
    aim: options.number("aim", otherwise.aim, { least: 0, most: 1 }),
    gain: options.number("gain", otherwise.gain, { least: 0, most: 10 }),
    firstGain: options.number("first-gain", otherwise.firstGain, { least: 0, most: 100 }),
    debt: options.number("debt", otherwise.debt, { least: 0, most: 10 }),
    holdSeconds: options.number("hold", otherwise.holdSeconds, { least: 2, most: 3600 }),
    holdStarts: options.number("starts", otherwise.holdStarts, { least: 0, most: 100 }),
  };
}

function kpaOptions(options: PolicyOptions): KpaOptions {
  const otherwise = KPA_OPTIONS;
  return {
    name: options.text,
    metric: options.word(["concurrency", "rps"], otherwise.metric),
    target: options.number("target", otherwise.target, { least: 0.01 }),
    utilisation: options.number("utilisation", otherwise.utilisation, { least: 0.01, most: 1 }),
    stableWindowSeconds: options.number("stable", otherwise.stableWindowSeconds, { least: 6, most: 3600, whole: true }),
    panicWindowShare: options.number("panic", otherwise.panicWindowShare, { least: 0.01, most: 1 }),
    panicThresholdRatio: options.number("threshold", otherwise.panicThresholdRatio, { least: 1.1, most: 10 }),
    maxScaleUpRate: options.number("up", otherwise.maxScaleUpRate, { least: 1.01 }),
    maxScaleDownRate: options.number("down", otherwise.maxScaleDownRate, { least: 1.01 }),
    scaleDownDelaySeconds: options.number("delay", otherwise.scaleDownDelaySeconds, { least: 0, most: 3600 }),
    activationScale: options.number("activation", otherwise.activationScale, { least: 1, whole: true }),
  };
}
