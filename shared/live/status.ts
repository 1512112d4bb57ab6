/** What runs on a platform, and whether each part does what it is there for. */
import { messageOf } from "../core/errors.ts";
import { readManagedFunction } from "../core/managed-function.ts";
import { sloWords } from "../core/slo.ts";
import { policyInWords } from "../policies/held-model.ts";
import type { Ages } from "../host/activity.ts";
import type { Health } from "../host/health.ts";
import type { FunctionGateway, FunctionStatus } from "../ports/function-gateway.ts";
import { budgetsIn, COLLECTOR, type BudgetsInWords } from "./budgets.ts";

/** Parts that answer a GET with their status. */
const PARTS = [COLLECTOR, "connector", "policy-inference", "scaler", "load-generator", "trainer"];
/** Without one of these nothing is decided. */
const NEEDED = [COLLECTOR, "connector", "policy-inference", "scaler"];

/** One part, as the status command shows it. */
export interface PartStatus {
  readonly name: string;
  readonly replicas: string;
  /** `ok`, `idle at zero`, `not healthy`, `starting`, `not ready`, `not deployed`, or what came back instead. */
  readonly health: string;
  readonly isWell: boolean;
  readonly detail: string;
  /** Of a managed function: what its last hour used of its SLO's budget, in words; null where it is not reported. */
  readonly budget: string | null;
  /** By function: seconds since the part last did what. */
  readonly ages: Readonly<Record<string, Ages>>;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** Nothing is wrong, and a person should know it. */
  readonly notes: readonly string[];
}

const SILENT = { detail: "", ages: {}, problems: [], warnings: [], notes: [] };

/** Functions first as the gateway lists them, each part with its own status; needed parts that are missing come last. */
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
  // What the collector reports of functions is shown with each of them.
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
    // A version from before parts reported their health is well when it answers.
    const { ok, problems, warnings } = (said["health"] ?? { ok: true, problems: [], warnings: [] }) as Health;
    const health = status === 503 ? "starting" : status !== 200 ? `HTTP ${status}` : ok ? "ok" : "not healthy";
    const { notes = [] } = said as { notes?: readonly string[] };
    const reported = { detail: detailOf(said), ages, problems, warnings, notes, said };
    return { ...part, health, isWell: status === 200 && ok, ...reported };
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
