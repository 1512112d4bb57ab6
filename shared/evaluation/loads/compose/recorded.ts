/** Loads of the other recorded sources, each of which belongs to one split. */
import type { Random } from "../../../core/random.ts";
import type { PartRecipe } from "../../../sim/loads/recipe.ts";
import { logUniform } from "../../../sim/workloads/draws.ts";
import { azureParts, type AzureFunction } from "./azure.ts";
import {
  DAY_SECONDS,
  type Draft,
  drawSpread,
  HOUR_SECONDS,
  oneOf,
  someOf,
  usualDuration,
  wholeMinutes,
} from "./draft.ts";

/** The recorded traces, by source. */
export const RECORDED_FILES = {
  twitter: "twitter2021_stream_2s.json",
  nasa: "nasa1995_july_requests_30s.json",
  seed: "seed_request_count_raw_30s.json",
  llm: "azure_llm2023_conv_requests.csv",
  drescale: "drescale_invokation_data_30s.json",
  servibench: "azure2019_servibench_patterns_per_minute.csv",
} as const;

const days = (count: number) => Array.from({ length: count }, (_, day) => day);
const TWITTER_DAYS = days(10);
/** The recording lacks the last half hour of each day. */
const TWITTER_DAY_SECONDS = DAY_SECONDS - HOUR_SECONDS / 2;
/** Whole days of NASA's July. */
const NASA_DAYS = days(27);
/** So many calls are enough for one run. */
const MAX_CALLS = 250_000;
const TWITTER_RPS = 8;
const NASA_RPS = 0.8;

/**
 * A day's hours, thinned; every fourth load is several days at one time of the day; the first two are whole days, thinned more.
 */
export function twitterDraft(random: Random, index: number): Draft {
  const isDay = index < 2;
  const durationSeconds = isDay ? TWITTER_DAY_SECONDS : usualDuration(random);
  const over = !isDay && index % 4 === 3 ? 2 + random.integer(3) : 1;
  const most = Math.min(1, MAX_CALLS / (durationSeconds * TWITTER_RPS * over));
  // Every fourth in full, as far as it may be: a truly busy service.
  const share = index % 4 === 2 ? most : logUniform(random, 0.05, 1) * most;
  const atSeconds = wholeMinutes(random, TWITTER_DAY_SECONDS - durationSeconds);
  const parts = someOf(random, TWITTER_DAYS, over, () => 1).map((day) => ({
    file: RECORDED_FILES.twitter,
    fromSeconds: day * DAY_SECONDS + atSeconds,
    ...(share < 0.99 ? { share: Number(share.toPrecision(2)) } : {}),
  }));
  return { durationSeconds, parts };
}

/** One to six days of the web server at the same time of the day; the first is two days on end, the next two are a day each. */
export function nasaDraft(random: Random, index: number): Draft {
  const durationSeconds = index === 0 ? 2 * DAY_SECONDS : index < 3 ? DAY_SECONDS : usualDuration(random);
  const begins = NASA_DAYS.filter((day) => (day + 2) * DAY_SECONDS <= NASA_DAYS.length * DAY_SECONDS);
  const most = MAX_CALLS / (durationSeconds * NASA_RPS);
  const over = index === 0 ? 1 : 1 + random.integer(Math.min(6, Math.floor(most)));
  const atSeconds = index < 3 ? 0 : wholeMinutes(random, DAY_SECONDS);
  const times = 1 + random.integer(Math.max(1, Math.min(3, Math.floor(most / over))));
  const parts = someOf(random, begins, over, () => 1).map((day) => ({
    file: RECORDED_FILES.nasa,
    fromSeconds: day * DAY_SECONDS + atSeconds,
    ...(times > 1 ? { times } : {}),
  }));
  return { durationSeconds, parts, spread: drawSpread(random) };
}

/** The first load is the seed's whole day, the others 4–6 h of it. */
export function seedDraft(random: Random, index: number): Draft {
  const durationSeconds = index === 0 ? DAY_SECONDS : HOUR_SECONDS * (4 + random.integer(3));
  const fromSeconds = index === 0 ? 0 : wholeMinutes(random, DAY_SECONDS - durationSeconds);
  const times = index === 0 ? 3 : 2 + random.integer(2);
  return { durationSeconds, parts: [{ file: RECORDED_FILES.seed, fromSeconds, times }], spread: drawSpread(random) };
}

const LLM_SECONDS = 3480;

/** Requests to a model, at their instants and with their work: all of them, then ever fewer. */
export function llmDraft(_random: Random, index: number): Draft {
  const share = [null, 0.5, 0.2][index] ?? 0.1;
  const part = { file: RECORDED_FILES.llm, fromSeconds: 0, ...(share === null ? {} : { share }) };
  return { durationSeconds: LLM_SECONDS, family: "llm", parts: [part] };
}

const DRESCALE_SECONDS = 10_380;

/** DRe-SCale's three hours, alone or among some Azure functions. */
export function drescaleDraft(azure: readonly AzureFunction[]) {
  return (random: Random, index: number): Draft => {
    const times = index === 0 ? 3 : 1 + random.integer(3);
    const own: PartRecipe = { file: RECORDED_FILES.drescale, fromSeconds: 0, ...(times > 1 ? { times } : {}) };
    const others = index === 0 ? [] : azureParts(azure, DRESCALE_SECONDS, [3, 20], random);
    return { durationSeconds: DRESCALE_SECONDS, parts: [own, ...others], spread: drawSpread(random) };
  };
}

const PATTERNS = ["steady_20rps", "fluctuating_20rps", "spikes_20rps", "jump_20rps"] as const;
const PATTERN_SECONDS = 1200;

/** Two to four of ServiBench's patterns one after the other, thinned alike. */
export function servibenchDraft(random: Random): Draft {
  const order = [...PATTERNS].map((pattern) => ({ pattern, key: random.next() })).sort((a, b) => a.key - b.key);
  const chosen = order.slice(0, oneOf(random, [2, 3, 4]));
  const share = random.next() < 0.3 ? 1 : logUniform(random, 0.05, 0.9);
  const parts = chosen.map(({ pattern }, place) => ({
    file: RECORDED_FILES.servibench,
    select: [pattern],
    fromSeconds: 0,
    seconds: PATTERN_SECONDS,
    atSeconds: place * PATTERN_SECONDS,
    ...(share < 1 ? { share: Number(share.toPrecision(2)) } : {}),
  }));
  return { durationSeconds: chosen.length * PATTERN_SECONDS, parts, spread: drawSpread(random) };
}
