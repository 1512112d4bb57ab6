/** `replicant status`: what runs, where, healthy or not; and `replicant explain`: why this replica count. */
import type { Applied } from "#shared/core/decision.ts";
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import type { FunctionGateway } from "#shared/ports/function-gateway.ts";

/** Parts that answer a GET with their status. */
const PARTS = ["metrics-collector", "connector", "policy-inference", "scaler", "load-generator", "trainer"];

export interface PartStatus {
  readonly name: string;
  readonly replicas: string;
  /** `ok`, `starting`, `not ready`, `not deployed`, or what came back instead. */
  readonly health: string;
  readonly detail: string;
}

/** Functions first as the gateway lists them, then what each part says of itself. */
export async function statusOf(gateway: FunctionGateway): Promise<PartStatus[]> {
  const functions = await gateway.list();
  return Promise.all(
    functions.map(async ({ name, replicas, availableReplicas, annotations }): Promise<PartStatus> => {
      const counts = `${availableReplicas}/${replicas}`;
      const ready = availableReplicas > 0 ? "ok" : replicas === 0 ? "idle at zero" : "not ready";
      if (!PARTS.includes(name)) {
        const cared = annotations["replicant.policy"] ?? annotations["replicant.mode"];
        return { name, replicas: counts, health: ready, detail: cared === undefined ? "" : `managed: ${cared}` };
      }
      try {
        const { status, body } = await gateway.ask(name);
        const said = JSON.parse(body) as Record<string, unknown>;
        const health = status === 200 ? "ok" : status === 503 ? "starting" : `HTTP ${status}`;
        return { name, replicas: counts, health, detail: detailOf(said) };
      } catch (thrown) {
        return { name, replicas: counts, health: "does not answer", detail: messageOf(thrown) };
      }
    }),
  );
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

export function statusTable(parts: readonly PartStatus[]): string[] {
  const width = Math.max(8, ...parts.map(({ name }) => name.length));
  return parts.map(
    ({ name, replicas, health, detail }) =>
      `${name.padEnd(width)}  ${replicas.padStart(5)}  ${health.padEnd(12)}  ${detail}`,
  );
}

/** Every stage of a decision with its number. Throws `BadInputError` when the scaler does not remember it. */
export async function explain(gateway: FunctionGateway, decisionId: string): Promise<Applied> {
  const { status, body } = await gateway.ask("scaler", { decision: decisionId });
  if (status === 200) return JSON.parse(body) as Applied;
  if (status === 404) throw new BadInputError(`the scaler remembers no decision '${decisionId}'`);
  throw new BadInputError(`the scaler did not explain '${decisionId}': HTTP ${status} ${body.slice(0, 200)}`);
}

export function explanation(decision: Applied): string[] {
  const { decisionId, atMs, policy, trigger, mode, reason, stages, target } = decision;
  return [
    `${decisionId}   ${new Date(atMs).toISOString()}   ${mode}, by ${trigger} (${policy.name} ${policy.version}), target ${target}`,
    reason,
    "",
    ...stages.map(
      ({ stage, replicas, note }) => `  ${stage.padEnd(13)} ${String(replicas).padStart(4)}   ${note ?? ""}`,
    ),
  ];
}
