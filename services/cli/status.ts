/** `replicant status`: what runs, where, and whether it does what it is there for. */
import { messageOf } from "#shared/core/errors.ts";
import type { Ages } from "#shared/host/activity.ts";
import type { Health } from "#shared/host/health.ts";
import type { FunctionGateway, FunctionStatus } from "#shared/ports/function-gateway.ts";

/** Parts that answer a GET with their status. */
const PARTS = ["metrics-collector", "connector", "policy-inference", "scaler", "load-generator", "trainer"];
/** Without one of these nothing is decided. */
const NEEDED = ["metrics-collector", "connector", "policy-inference", "scaler"];

export interface PartStatus {
  readonly name: string;
  readonly replicas: string;
  /** `ok`, `idle at zero`, `not healthy`, `starting`, `not ready`, `not deployed`, or what came back instead. */
  readonly health: string;
  readonly isWell: boolean;
  readonly detail: string;
  /** By function: seconds since the part last did what. */
  readonly ages: Readonly<Record<string, Ages>>;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

const SILENT = { detail: "", ages: {}, problems: [], warnings: [] };

/** Functions first as the gateway lists them, then what each part says of itself; parts that are missing at last. */
export async function statusOf(gateway: FunctionGateway): Promise<PartStatus[]> {
  const functions = await gateway.list();
  const found = await Promise.all(
    functions.map(async (one) => (PARTS.includes(one.name) ? partStatus(gateway, one) : functionStatus(one))),
  );
  const missing = functions.some(isManaged) ? NEEDED.filter((name) => !functions.some((one) => one.name === name)) : [];
  const absent = { ...SILENT, replicas: "0/0", health: "not deployed", isWell: false };
  return [...found, ...missing.map((name) => ({ ...absent, name, problems: [`${name} is not deployed`] }))];
}

const isManaged = ({ annotations }: FunctionStatus) =>
  annotations["replicant.policy"] !== undefined || annotations["replicant.mode"] !== undefined;

function functionStatus(one: FunctionStatus): PartStatus {
  const { name, replicas, availableReplicas, annotations } = one;
  const cared = annotations["replicant.policy"] ?? annotations["replicant.mode"];
  return {
    ...SILENT,
    ...{ name, replicas: `${availableReplicas}/${replicas}`, ...readiness(one) },
    detail: cared === undefined ? "" : `managed: ${cared}`,
  };
}

function readiness({ replicas, availableReplicas }: FunctionStatus): Pick<PartStatus, "health" | "isWell"> {
  if (availableReplicas > 0) return { health: "ok", isWell: true };
  return replicas === 0 ? { health: "idle at zero", isWell: true } : { health: "not ready", isWell: false };
}

async function partStatus(gateway: FunctionGateway, one: FunctionStatus): Promise<PartStatus> {
  const { name, replicas, availableReplicas } = one;
  const part = { ...SILENT, name, replicas: `${availableReplicas}/${replicas}`, isWell: false };
  try {
    const { status, body } = await gateway.ask(name);
    const said = JSON.parse(body) as Record<string, unknown>;
    const { ages = {} } = said as { ages?: PartStatus["ages"] };
    // A version from before parts told their health is well when it answers.
    const { ok, problems, warnings } = (said["health"] ?? { ok: true, problems: [], warnings: [] }) as Health;
    const health = status === 503 ? "starting" : status !== 200 ? `HTTP ${status}` : ok ? "ok" : "not healthy";
    return { ...part, health, isWell: status === 200 && ok, detail: detailOf(said), ages, problems, warnings };
  } catch (thrown) {
    return { ...part, health: "does not answer", detail: messageOf(thrown) };
  }
}

/** The short facts of a part's status: texts and numbers, no lists. */
function detailOf(said: Record<string, unknown>): string {
  return Object.entries(said)
    .filter(
      ([key, value]) => !["part", "state"].includes(key) && (typeof value === "string" || typeof value === "number"),
    )
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(", ");
}

/** A line a function or part; below it what it did last for whom, and what is wrong. */
export function statusTable(parts: readonly PartStatus[]): string[] {
  const width = Math.max(8, ...parts.map(({ name }) => name.length));
  const indent = " ".repeat(width + 9);
  return parts.flatMap(({ name, replicas, health, detail, ages, problems, warnings }) => [
    `${name.padEnd(width)}  ${replicas.padStart(5)}  ${health.padEnd(12)}  ${detail}`.trimEnd(),
    ...Object.entries(ages).map(([functionName, done]) => `${indent}${functionName}: ${agesInWords(done)}`),
    ...problems.map((problem) => `${indent}problem: ${problem}`),
    ...warnings.map((warning) => `${indent}warning: ${warning}`),
  ]);
}

function agesInWords(ages: Ages): string {
  return Object.entries(ages)
    .map(([deed, seconds]) => `last ${deed.replaceAll("_", " ")} ${seconds === null ? "never" : `${seconds} s ago`}`)
    .join(", ");
}
