/** The bodies of control calls, checked at the door. As in Go, unknown keys are ignored and null means absent. */
import * as z from "zod";
import type { FunctionDeployment } from "../../provider/types.ts";
import { isFunctionName } from "../names.ts";
import { Refusal } from "../refusal.ts";

/** `null` and absent are one. */
const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

const text = z.string();
const texts = z.record(z.string(), z.string());
const resources = z.object({ cpu: optional(text), memory: optional(text) });
const count = z.int().min(0);

const deploymentBody = z.object({
  service: text.refine(isFunctionName, {
    error: "must be at most 63 lower-case letters, digits and '-', and begin and end with a letter or digit",
  }),
  image: text.min(1, { error: "must not be empty" }),
  namespace: optional(text),
  envProcess: optional(text),
  envVars: optional(texts),
  constraints: optional(z.array(text)),
  secrets: optional(z.array(text)),
  labels: optional(texts),
  annotations: optional(texts),
  limits: optional(resources),
  requests: optional(resources),
  readOnlyRootFilesystem: optional(z.boolean()),
});

const removalBody = z.object({ functionName: text.min(1, { error: "must not be empty" }), namespace: optional(text) });

const scaleBody = z.object({ serviceName: optional(text), replicas: count, namespace: optional(text) });

const secretBody = z.object({
  name: text.regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, {
    error: "must be lower-case letters, digits, '-' and '.', and begin and end with a letter or digit",
  }),
  namespace: optional(text),
  value: optional(text),
  rawValue: optional(z.base64()),
});

const alertBody = z.object({
  alerts: z.array(
    z.object({ status: text, labels: z.object({ function_name: text.min(1, { error: "must not be empty" }) }) }),
  ),
});

export type SecretBody = z.output<typeof secretBody>;
export type AlertBody = z.output<typeof alertBody>;

export const readDeployment = (body: unknown): FunctionDeployment => defined(parse(deploymentBody, body));
export const readRemoval = (body: unknown) => parse(removalBody, body);
export const readScale = (body: unknown) => parse(scaleBody, body);
export const readSecret = (body: unknown): SecretBody => parse(secretBody, body);
export const readAlert = (body: unknown): AlertBody => parse(alertBody, body);

/** What is absent is no key, so that a stored deployment reads as it was sent. */
function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

function parse<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const parsed = safely(() => schema.safeParse(body));
  if (parsed === null) throw new Refusal(400, "the body holds what cannot be compared");
  if (parsed.success) return parsed.data;
  throw new Refusal(400, sentenceOf(parsed.error.issues[0]!, body));
}

/** zod measures the `length` of whatever has one, and that may be an object whose `toString` is none. */
function safely<T>(check: () => T): T | null {
  try {
    return check();
  } catch {
    return null;
  }
}

const expectations: Readonly<Record<string, string>> = {
  string: "a string",
  record: "an object",
  object: "an object",
  array: "a list",
  int: "a whole number",
  // Every number here is a count.
  number: "a whole number",
  boolean: "true or false",
};

/** `labels.tier must be a string, was: 5` */
function sentenceOf(issue: z.core.$ZodIssue, body: unknown): string {
  let value = body;
  let field = "";
  for (const key of issue.path) {
    const name = String(key);
    value = (value as Record<string, unknown> | undefined)?.[name];
    if (typeof key === "number") field += `[${key}]`;
    else if (/^\w+$/.test(name)) field += field === "" ? name : `.${name}`;
    else field += `["${name}"]`;
  }
  return `${field === "" ? "the body" : field} ${demandOf(issue)}, was: ${quote(value)}`;
}

function demandOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${expectations[issue.expected] ?? issue.expected}`;
    case "too_small":
      return issue.origin === "int" || issue.origin === "number" ? `must be at least ${issue.minimum}` : issue.message;
    case "too_big":
      return `must be at most ${issue.maximum}`;
    case "invalid_format":
      return issue.format === "base64" ? "must be base64" : issue.message;
    default:
      return issue.message;
  }
}

/** Short enough for one line; a secret's value never gets here, as every string will do for it. */
function quote(value: unknown): string {
  if (value === undefined) return "nothing";
  const json = JSON.stringify(value);
  return json.length <= 60 ? json : `${json.slice(0, 57)}...`;
}
