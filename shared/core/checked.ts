/** Values from outside, checked against a schema: after it types are facts, and what does not fit is one sentence. */
import type * as z from "zod";

import { BadInputError } from "./errors.ts";
import { spoken } from "./spoken.ts";

/** A text as JSON. Throws `BadInputError` with the sentence `otherwise` for one that is none. */
export function parseJson(text: string, otherwise: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadInputError(otherwise);
  }
}

/** The value as its schema has it; or where it does not fit (empty: as a whole), and "must be a string, was: 5". */
export type Checked<T> = { readonly data: T } | { readonly at: string; readonly says: string };

/** Never throws, whatever the value is made of. */
export function checked<T>(schema: z.ZodType<T>, value: unknown): Checked<T> {
  let result: z.ZodSafeParseResult<T>;
  try {
    result = schema.safeParse(value);
  } catch {
    // zod measures the `length` of whatever has one, and that may be an object whose `toString` is none.
    return { at: "", says: "holds what cannot be compared" };
  }
  if (result.success) return { data: result.data };
  const issue = result.error.issues[0]!;
  return { at: issue.path.reduce<string>(fieldIn, ""), says: `${demandOf(issue)}, was: ${quote(value, issue.path)}` };
}

function fieldIn(path: string, key: PropertyKey): string {
  if (typeof key === "number") return `${path}[${key}]`;
  const name = String(key);
  if (!/^\w+$/.test(name)) return `${path}["${name}"]`;
  return path === "" ? name : `${path}.${name}`;
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};
const COUNTED: Readonly<Record<string, string>> = { string: "characters", array: "entries" };

function demandOf(issue: z.core.$ZodIssue): string {
  // A schema's own words.
  if (issue.message.startsWith("must ")) return issue.message;
  switch (issue.code) {
    case "invalid_type":
      return `must be ${EXPECTED[issue.expected] ?? `a ${issue.expected}`}`;
    case "too_small":
      return bound(issue.inclusive ? "at least" : "more than", issue.minimum, issue.origin);
    case "too_big":
      return bound("at most", issue.maximum, issue.origin);
    case "invalid_value":
      return issue.values.length === 1
        ? `must be '${String(issue.values[0])}'`
        : `must be one of ${issue.values.join(", ")}`;
    default:
      return issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  }
}

function bound(words: string, limit: number | bigint, origin: string): string {
  const counted = COUNTED[origin];
  return counted ? `must have ${words} ${limit} ${counted}` : `must be ${words} ${limit}`;
}

/** Short enough for one line. */
function quote(whole: unknown, path: readonly PropertyKey[]): string {
  const value = path.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    whole,
  );
  if (value === undefined) return "missing";
  return typeof value === "string" ? `'${spoken(value, 60)}'` : spoken(value, 60);
}
