/** The bodies of control calls, checked at the door. As in Go, unknown keys are ignored and null means absent. */
import * as z from "zod";

import { checked } from "#shared/core/checked.ts";
import type { FunctionDeployment } from "../../provider/types.ts";
import { isFunctionName } from "../names.ts";
import { Refusal } from "../refusal.ts";

/** `null` and absent are one. */
const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

const text = z.string();
const texts = z.record(z.string(), z.string());
const resources = z.object({ cpu: optional(text), memory: optional(text) });
const count = z.int({ error: ({ code }) => (code === "invalid_type" ? "must be a whole number" : undefined) }).min(0);

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
  rawValue: optional(z.base64({ error: "must be base64" })),
});

const alertBody = z.object({
  alerts: z.array(
    z.object({ status: text, labels: z.object({ function_name: text.min(1, { error: "must not be empty" }) }) }),
  ),
});

/** A secret as it is sent; its value is in either of two fields. */
export type SecretBody = z.output<typeof secretBody>;

/** Each of these refuses with 400 what its call cannot be; here a deployment. */
export const readDeployment = (body: unknown): FunctionDeployment => defined(parse(deploymentBody, body));
/** Which function is to be removed. */
export const readRemoval = (body: unknown) => parse(removalBody, body);
/** A replica count, and for which function. */
export const readScale = (body: unknown) => parse(scaleBody, body);
/** A secret, or the name of one that is to be removed. */
export const readSecret = (body: unknown): SecretBody => parse(secretBody, body);
/** Alerts as Alertmanager sends them. */
export const readAlert = (body: unknown) => parse(alertBody, body);

/** What is absent is no key, so that a stored deployment reads as it was sent. */
function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = checked(schema, body);
  if ("data" in result) return result.data;
  throw new Refusal(400, `${result.at === "" ? "the body" : result.at} ${result.says}`);
}
