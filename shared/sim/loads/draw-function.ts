/**
 * The function that a load calls. Public traces are of small services: rather than multiply a trace until it suits a function,
 * the function is drawn to suit the trace, and its service time is set so that the load needs one to nine replicas on average.
 */
import type { Random } from "../../core/random.ts";
import { PROFILES, type ProfileName, type SimProfile } from "../profiles.ts";
import type { Family } from "../workloads/families.ts";
import { logUniform, uniform } from "../workloads/draws.ts";
import type { Demand } from "./need.ts";
import type { DrawnFunction, FunctionRecipe } from "./recipe.ts";

/** The utilisation at which needs are computed. */
const UTILISATION = 0.7;
/** Mean need, before windows are rounded up to whole replicas, which adds one at most. */
const MEAN_NEED = [1.02, 8.9] as const;
/** No load needs more at its peak: by its mean if it can be, or it is no load for one function. */
const MAX_AT_PEAK = 24;
/** A shipped profile has 24 replicas at most, and keeps some of them for more than the mean of a window. */
const MAX_AT_PEAK_OF_SHIPPED = 12;
const SHIPPED_SHARE = 0.5;
/** Few loads are busy enough for these. */
const RARE: readonly ProfileName[] = ["api", "io"];

const CORES = [0.05, 0.1, 0.2, 0.25, 0.5, 1] as const;
const PLACES = [4, 8, 16, 32] as const;
const PLACED_SHARE = 0.4;
const CPU_ONLY_SHARE = 0.4;
/** A lone call's time, seconds: nothing quicker is worth a replica, nothing slower leaves room below the gateway's 60 s. */
const SERVICE_SECONDS = [0.01, 8] as const;
const MIN_CPU_SECONDS = 0.0005;
const MAX_SLO_SECONDS = 30;
/** SLO ÷ service time. */
const TIGHTNESS = [3, 60] as const;
/** A replica throttled at its CPU limit pauses for up to a period of the quota. */
const QUOTA_PERIOD_SECONDS = 0.1;
const TRIES = 1000;

/** The time that a call takes in a replica of its own, seconds: it sleeps, then computes at the limit's speed. */
export function serviceSeconds({ sleepSeconds, cpuSeconds, parameters }: SimProfile): number {
  return sleepSeconds + cpuSeconds / parameters.cpuLimitCores;
}

/** Seconds for which a call occupies a replica: of its CPU, or of its places where they are few. */
function busySeconds(cpuSeconds: number, sleepSeconds: number, cores: number, places: number): number {
  return Math.max(cpuSeconds / cores, places > 0 ? (cpuSeconds + sleepSeconds) / places : 0);
}

/** Null for a load whose peaks are too high for any function that it keeps busy on average. */
export function drawFunction(demand: Demand, family: Family, random: Random): FunctionRecipe | null {
  const peakToMean = demand.peak / demand.mean;
  const most = Math.min(MEAN_NEED[1], MAX_AT_PEAK / peakToMean);
  if (!(most >= MEAN_NEED[0])) return null;
  const suiting = suitingProfiles(demand, family);
  const choice = random.fork("choice");
  if (suiting.length > 0 && choice.next() < SHIPPED_SHARE) {
    return RARE.find((name) => suiting.includes(name)) ?? suiting[choice.integer(suiting.length)]!;
  }
  const draw = random.fork("drawn");
  for (let i = 0; i < TRIES; i++) {
    const need = uniform(draw, MEAN_NEED[0], most);
    const drawn = drawnFor((need * UTILISATION) / demand.mean, Math.ceil(need * peakToMean), family, draw);
    if (drawn) return drawn;
  }
  return null;
}

/** The shipped profiles that the load keeps busy as it is; requests to a language model are heavier than theirs. */
function suitingProfiles({ mean, peak }: Demand, family: Family): ProfileName[] {
  if (family === "llm") return [];
  return (Object.keys(PROFILES) as ProfileName[]).filter((name) => {
    const { cpuSeconds, sleepSeconds, parameters }: SimProfile = PROFILES[name];
    const perCall =
      busySeconds(cpuSeconds, sleepSeconds, parameters.cpuLimitCores, parameters.maxInflight) / UTILISATION;
    const isKeptBusy = mean * perCall >= MEAN_NEED[0] && mean * perCall <= MEAN_NEED[1];
    return isKeptBusy && peak * perCall <= MAX_AT_PEAK_OF_SHIPPED;
  });
}

/** A function that is busy for so long with each call; null where what was drawn does not go together. */
function drawnFor(busy: number, peakNeed: number, family: Family, random: Random): DrawnFunction | null {
  const cpuLimitCores = CORES[random.integer(CORES.length)]!;
  const maxInflight = random.next() < PLACED_SHARE ? PLACES[random.integer(PLACES.length)]! : 0;
  const cpuShare = random.next() < CPU_ONLY_SHARE ? 1 : uniform(random, 0.05, 0.95);
  const seconds = busy / busySeconds(cpuShare, 1 - cpuShare, cpuLimitCores, maxInflight);
  const cpuSeconds = rounded(seconds * cpuShare);
  const sleepSeconds = rounded(seconds * (1 - cpuShare));
  const workCv = rounded(family === "llm" ? uniform(random, 0.6, 1) : logUniform(random, 0.1, 0.8), 2);
  const looseness = random.next();
  const startMedianSeconds = rounded(logUniform(random, 1, 60), 2);
  const startSigma = rounded(uniform(random, 0.2, 0.6), 2);

  const service = sleepSeconds + cpuSeconds / cpuLimitCores;
  const leastSlo = Math.max(TIGHTNESS[0] * service, attainableSeconds(service, workCv, cpuLimitCores));
  const mostSlo = Math.min(TIGHTNESS[1] * service, MAX_SLO_SECONDS);
  const isSensible =
    service >= SERVICE_SECONDS[0] &&
    service <= SERVICE_SECONDS[1] &&
    cpuSeconds >= MIN_CPU_SECONDS &&
    leastSlo <= mostSlo;
  if (!isSensible) return null;
  // Calls in a replica that is three quarters busy; where places are few, some are kept free.
  const inFlight = 3 + (0.75 * sleepSeconds) / busy;
  return {
    cpuSeconds,
    sleepSeconds,
    workCv,
    sloSeconds: rounded(leastSlo * (mostSlo / leastSlo) ** looseness, 2, Math.ceil),
    cpuLimitCores,
    maxInflight,
    targetInFlight: rounded(maxInflight > 0 ? Math.min(0.65 * maxInflight, inFlight) : inFlight, 2),
    startMedianSeconds,
    startSigma,
    // As many again as the peak needs at 70 % use: a tight SLO is kept with half-empty replicas.
    maxReplicas: Math.max(MAX_AT_PEAK, 2 * peakNeed),
  };
}

/** Below it not even an empty platform keeps the SLO: two and a half calls' time, a third more than a call in a hundred takes. */
function attainableSeconds(service: number, workCv: number, cores: number): number {
  const sigma = Math.sqrt(Math.log(1 + workCv ** 2));
  const heavy = Math.exp(2.326 * sigma - sigma ** 2 / 2);
  return Math.max(2.5, 1.33 * heavy) * service + (cores < 1 ? QUOTA_PERIOD_SECONDS : 0);
}

/** To so many significant digits: what the manifest says is what the load has. */
function rounded(value: number, digits = 3, round: (value: number) => number = Math.round): number {
  if (value === 0) return 0;
  const unit = 10 ** (Math.floor(Math.log10(value)) - digits + 1);
  // The division leaves 0.30000000000000004; the shortest number that says the same does not.
  return Number((round(value / unit - (round === Math.ceil ? 1e-9 : 0)) * unit).toPrecision(digits));
}
