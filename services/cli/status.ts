/** `replicant status`: what runs, where, and whether it does what it is there for. */
import { messageOf } from "#shared/core/errors.ts";
import { readManagedFunction } from "#shared/core/managed-function.ts";
import { sloWords } from "#shared/core/slo.ts";
import { policyInWords } from "#shared/policies/held-model.ts";
import type { Ages } from "#shared/host/activity.ts";
import type { Health } from "#shared/host/health.ts";
import type { FunctionGateway, FunctionStatus } from "#shared/ports/function-gateway.ts";
import { budgetsIn, COLLECTOR, type BudgetsInWords } from "#shared/live/budgets.ts";

/** Parts that answer a GET with their status. */
const PARTS = [COLLECTOR, "connector", "policy-inference", "scaler", "load-generator", "trainer"];
/** Without one of these nothing is decided. */
const NEEDED = [COLLECTOR, "connector", "policy-inference", "scaler"];

export interface PartStatus {
  readonly name: string;
  readonly replicas: string;
  /** `ok`, `idle at zero`, `not healthy`, `starting`, `not ready`, `not deployed`, or what came back instead. */
  readonly health: string;
  readonly isWell: boolean;
  readonly detail: string;
  /** Of a managed function: what its last hour used of its SLO's budget, in words; null where nobody tells. */
  readonly budget: string | null;
  /** By function: seconds since the part last did what. */
  readonly ages: Readonly<Record<string, Ages>>;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** Nothing is wrong, and a person should know it. */
  readonly notes: readonly string[];
}

const SILENT = { detail: "", ages: {}, problems: [], warnings: [], notes: [] };

/** Functions first as the gateway lists them, then what each part says of itself; parts that are missing at last. */
export async function statusOf(gateway: FunctionGateway): Promise<PartStatus[]> {
  const functions = await gateway.list();
  let budgets: BudgetsInWords = {};
  const asked = await Promise.all(
    functions.map(async (one) => {
      if (!PARTS.includes(one.name)) return null;
      const { said, ...part } = await partStatus(gateway, one);
      if (one.name === COLLECTOR) budgets = budgetsIn(said);
      return part;
    }),
  );
  // What the collector said of functions stands with each of them.
  const found = functions.map((one, i) => asked[i] ?? functionStatus(one, budgets));
  const missing = functions.some(isManaged) ? NEEDED.filter((name) => !functions.some((one) => one.name === name)) : [];
  const absent = { ...SILENT, budget: null, replicas: "0/0", health: "not deployed", isWell: false };
  return [...found, ...missing.map((name) => ({ ...absent, name, problems: [`${name} is not deployed`] }))];
}

const isManaged = ({ annotations }: FunctionStatus) =>
  annotations["replicant.policy"] !== undefined || annotations["replicant.mode"] !== undefined;

function functionStatus(one: FunctionStatus, budgets: BudgetsInWords): PartStatus {
  const { name, replicas, availableReplicas, annotations } = one;
  const cared = annotations["replicant.policy"] ?? annotations["replicant.mode"];
  const slo = readManagedFunction(one).managed?.slo;
  return {
    ...SILENT,
    ...{ name, replicas: `${availableReplicas}/${replicas}`, ...readiness(one) },
    detail: cared === undefined ? "" : `managed: ${policyInWords(cared)}${slo ? `, ${sloWords(slo)}` : ""}`,
    budget: budgets[name] ?? null,
  };
}

function readiness({ replicas, availableReplicas }: FunctionStatus): Pick<PartStatus, "health" | "isWell"> {
  if (availableReplicas > 0) return { health: "ok", isWell: true };
  return replicas === 0 ? { health: "idle at zero", isWell: true } : { health: "not ready", isWell: false };
}

async function partStatus(gateway: FunctionGateway, one: FunctionStatus): Promise<PartStatus & { said: unknown }> {
  const { name, replicas, availableReplicas } = one;
  const part = {
    ...SILENT,
    name,
    replicas: `${availableReplicas}/${replicas}`,
    isWell: false,
    budget: null,
    said: null,
  };
  try {
    const { status, body } = await gateway.ask(name);
    const said = JSON.parse(body) as Record<string, unknown>;
    const { ages = {} } = said as { ages?: PartStatus["ages"] };
    // A version from before parts told their health is well when it answers.
    const { ok, problems, warnings } = (said["health"] ?? { ok: true, problems: [], warnings: [] }) as Health;
    const health = status === 503 ? "starting" : status !== 200 ? `HTTP ${status}` : ok ? "ok" : "not healthy";
    const { notes = [] } = said as { notes?: readonly string[] };
    const told = { detail: detailOf(said), ages, problems, warnings, notes, said };
    return { ...part, health, isWell: status === 200 && ok, ...told };
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
  return parts.flatMap(({ name, replicas, health, detail, budget, ages, problems, warnings, notes }) => [
    `${name.padEnd(width)}  ${replicas.padStart(5)}  ${health.padEnd(12)}  ${detail}`.trimEnd(),
    ...(budget === null ? [] : [`${indent}${budget}`]),
    ...Object.entries(ages).map(([functionName, done]) => `${indent}${functionName}: ${agesInWords(done)}`),
    ...problems.map((problem) => `${indent}problem: ${problem}`),
    ...warnings.map((warning) => `${indent}warning: ${warning}`),
    ...notes.map((note) => `${indent}note: ${note}`),
  ]);
}

function agesInWords(ages: Ages): string {
  return Object.entries(ages)
    .map(([deed, seconds]) => `last ${deed.replaceAll("_", " ")} ${seconds === null ? "never" : `${seconds} s ago`}`)
    .join(", ");
}
