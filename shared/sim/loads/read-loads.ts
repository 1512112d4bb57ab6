/** The manifest of loads, from text: `{"about": "…", "loads": [recipe, …]}`. */
import { BadInputError, messageOf } from "../../core/errors.ts";
import type { SpreadLaw } from "../../traces/spread.ts";
import { PROFILES, type ProfileName } from "../profiles.ts";
import { FAMILIES } from "../workloads/families.ts";
import { Fields } from "./fields.ts";
import { WINDOW_SECONDS } from "../../core/window.ts";
import {
  LOAD_SPLITS,
  MAX_TIMES,
  type DrawnFunction,
  type FunctionRecipe,
  type LoadRecipe,
  type PartRecipe,
} from "./recipe.ts";

const PROFILE_NAMES = Object.keys(PROFILES) as ProfileName[];
const MAX_SECONDS = 31 * 86_400;
const SECONDS = { least: 0, most: MAX_SECONDS, whole: true };

/** Throws `BadInputError`: one sentence with file, load, field and value. */
export function readLoads(file: string, text: string): readonly LoadRecipe[] {
  const fields = Fields.of(file, parse(file, text));
  fields.only(["about", "loads"]);
  fields.text("about", /\S/, "a text");
  const names = new Set<string>();
  return fields.list("loads").map((entry, i) => {
    const recipe = readLoad(`${file}: loads[${i}]`, entry);
    if (names.has(recipe.name)) throw new BadInputError(`${file}: two loads have the name '${recipe.name}'`);
    names.add(recipe.name);
    return recipe;
  });
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new BadInputError(`${file}: is no JSON (${messageOf(thrown)})`);
  }
}

const COMMON = ["name", "split", "family", "durationSeconds", "seed", "function"];

function readLoad(where: string, entry: unknown): LoadRecipe {
  const unnamed = Fields.of(where, entry);
  const name = unnamed.text("name", /^[a-z\d][a-z\d-]{0,59}$/, "up to 60 of a–z, 0–9 and -");
  const fields = new Fields(`${where} '${name}'`, unnamed.values);
  const common = {
    name,
    split: fields.choice("split", LOAD_SPLITS),
    family: fields.choice("family", FAMILIES),
    durationSeconds: fields.number("durationSeconds", { least: WINDOW_SECONDS, most: MAX_SECONDS, whole: true }),
    seed: fields.number("seed", { least: 0, most: Number.MAX_SAFE_INTEGER, whole: true }),
    function: readFunction(fields),
  };
  if (common.durationSeconds % WINDOW_SECONDS !== 0) {
    throw fields.bad("durationSeconds", `whole windows of ${WINDOW_SECONDS} s`);
  }
  if (fields.has("parts") === fields.has("meanRps")) {
    throw new BadInputError(`${fields.where}: exactly one of parts and meanRps must be there`);
  }
  if (fields.has("meanRps")) {
    fields.only([...COMMON, "meanRps"]);
    return { ...common, meanRps: fields.number("meanRps", { least: 0.001, most: 10_000 }) };
  }
  fields.only([...COMMON, "parts", "spread"]);
  const parts = fields
    .list("parts")
    .map((part, i) => readPart(`${fields.where}, part ${i + 1}`, part, common.durationSeconds));
  checkSelections(fields.where, parts);
  return { ...common, parts, ...(fields.has("spread") ? { spread: readSpread(fields) } : {}) };
}

function readSpread(load: Fields): SpreadLaw {
  const fields = Fields.of(`${load.where}: spread`, load.values["spread"]);
  fields.only(["deviation", "correlationSeconds"]);
  return {
    deviation: fields.number("deviation", { least: 0, most: 3 }),
    correlationSeconds: fields.number("correlationSeconds", { least: 0.1, most: 3600 }),
  };
}

function readPart(where: string, entry: unknown, durationSeconds: number): PartRecipe {
  const fields = Fields.of(where, entry);
  fields.only(["file", "select", "fromSeconds", "seconds", "atSeconds", "times", "share"]);
  const file = fields.text("file", /^[\w-][\w.-]{0,199}$/, "the name of a file beside this one");
  const select = fields.has("select") ? fields.list("select") : undefined;
  if (select?.some((one, i) => typeof one !== "string" || one === "" || select.indexOf(one) !== i)) {
    throw fields.bad("select", "a list of texts, each once");
  }
  const fromSeconds = fields.number("fromSeconds", SECONDS);
  const seconds = fields.optionalNumber("seconds", { ...SECONDS, least: 1 });
  const atSeconds = fields.optionalNumber("atSeconds", { ...SECONDS, most: durationSeconds - 1 });
  if ((atSeconds ?? 0) + (seconds ?? 0) > durationSeconds) {
    throw fields.bad("seconds", `at most the ${durationSeconds - (atSeconds ?? 0)} that are left of the load`);
  }
  if (fields.has("times") && fields.has("share")) {
    throw new BadInputError(`${where}: at most one of times and share may be there`);
  }
  const times = fields.optionalNumber("times", { least: 2, most: MAX_TIMES, whole: true });
  const share = fields.optionalNumber("share", { least: 0.001, most: 0.999 });
  return {
    file,
    ...(select ? { select: select as readonly string[] } : {}),
    fromSeconds,
    ...(seconds === undefined ? {} : { seconds }),
    ...(atSeconds === undefined ? {} : { atSeconds }),
    ...(times === undefined ? {} : { times }),
    ...(share === undefined ? {} : { share }),
  };
}

/** All of a file beside a part of it would count that part twice, unseen. */
function checkSelections(where: string, parts: readonly PartRecipe[]): void {
  for (const { file, select } of parts) {
    if (select && parts.some((other) => other.file === file && !other.select)) {
      throw new BadInputError(`${where}: takes '${file}' whole and in part`);
    }
  }
}

const FUNCTION_BOUNDS = {
  cpuSeconds: { least: 0.0001, most: 60 },
  sleepSeconds: { least: 0, most: 60 },
  workCv: { least: 0, most: 5 },
  sloSeconds: { least: 0.001, most: 60 },
  cpuLimitCores: { least: 0.01, most: 3.5 },
  maxInflight: { least: 0, most: 1000, whole: true },
  targetInFlight: { least: 0.1, most: 1000 },
  startMedianSeconds: { least: 0.1, most: 600 },
  startSigma: { least: 0, most: 2 },
  maxReplicas: { least: 1, most: 1000, whole: true },
} as const;

function readFunction(load: Fields): FunctionRecipe {
  const value = load.values["function"];
  if (typeof value === "string") return load.choice("function", PROFILE_NAMES);
  if (typeof value !== "object" || value === null) {
    throw load.bad("function", `one of ${PROFILE_NAMES.join(", ")}, or an object`);
  }
  const fields = Fields.of(`${load.where}: function`, value);
  const names = Object.keys(FUNCTION_BOUNDS) as (keyof DrawnFunction)[];
  fields.only(names);
  return Object.fromEntries(
    names.map((name) => [name, fields.number(name, FUNCTION_BOUNDS[name])]),
  ) as unknown as DrawnFunction;
}
