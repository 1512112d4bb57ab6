/** Decodes JSON as strictly as Go's structs in faas-cli and its SDK do: a wrong type anywhere is an error. */
import assert from "node:assert/strict";

type Check = (value: unknown, at: string) => void;
type Shape = Readonly<Record<string, Check>>;

const optional =
  (check: Check): Check =>
  (value, at) => {
    if (value !== undefined && value !== null) check(value, at);
  };

const text: Check = (value, at) => assert.equal(typeof value, "string", at);
const float: Check = (value, at) =>
  assert.ok(typeof value === "number" && Number.isFinite(value), `${at}: ${String(value)}`);
const unsigned: Check = (value, at) =>
  assert.ok(Number.isSafeInteger(value) && Number(value) >= 0, `${at}: ${String(value)}`);
const flag: Check = (value, at) => assert.equal(typeof value, "boolean", at);
const texts: Check = (value, at) => {
  assert.ok(Array.isArray(value), at);
  value.forEach((each, i) => text(each, `${at}[${i}]`));
};
const map: Check = (value, at) => {
  assert.ok(typeof value === "object" && value !== null && !Array.isArray(value), at);
  for (const [key, each] of Object.entries(value)) text(each, `${at}.${key}`);
};
/** Go's `time.Time`: an empty string fails. */
const rfc3339: Check = (value, at) =>
  assert.match(String(value), /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/, at);

const struct =
  (shape: Shape): Check =>
  (value, at) => {
    assert.ok(typeof value === "object" && value !== null && !Array.isArray(value), at);
    for (const [key, check] of Object.entries(shape)) check((value as Record<string, unknown>)[key], `${at}.${key}`);
    const unknown = Object.keys(value).filter((key) => !(key in shape));
    assert.deepEqual(unknown, [], `${at}: keys that OpenFaaS does not know`);
  };

const resources = struct({ cpu: optional(text), memory: optional(text) });

const functionStatus = struct({
  name: text,
  image: text,
  namespace: optional(text),
  envProcess: optional(text),
  envVars: optional(map),
  constraints: optional(texts),
  secrets: optional(texts),
  labels: optional(map),
  annotations: optional(map),
  limits: optional(resources),
  requests: optional(resources),
  readOnlyRootFilesystem: optional(flag),
  invocationCount: optional(float),
  replicas: optional(unsigned),
  availableReplicas: optional(unsigned),
  createdAt: optional(rfc3339),
  usage: optional(struct({ cpu: optional(float), totalMemoryBytes: optional(float) })),
});

const versionInfo = struct({ release: text, sha: text, commit_message: optional(text) });

const shapes = {
  functionStatus,
  info: struct({
    provider: struct({ provider: text, orchestration: text, version: versionInfo }),
    version: versionInfo,
    arch: text,
  }),
  secret: struct({ name: text, namespace: optional(text) }),
  logLine: struct({ name: text, namespace: optional(text), instance: text, timestamp: rfc3339, text }),
  namespace: struct({ name: text, labels: optional(map), annotations: optional(map) }),
  text,
} satisfies Shape;

/** Throws where Go would refuse; answers the value. */
export function decode<T = Record<string, unknown>>(shape: keyof typeof shapes, json: string): T {
  const value: unknown = JSON.parse(json);
  shapes[shape](value, shape);
  return value as T;
}

/** A list, never null. */
export function decodeList<T = Record<string, unknown>>(shape: keyof typeof shapes, json: string): T[] {
  const values: unknown = JSON.parse(json);
  assert.ok(Array.isArray(values), `a list, was: ${json}`);
  values.forEach((value, i) => shapes[shape](value, `${shape}[${i}]`));
  return values as T[];
}
