/** `replicant explain`: why this replica count. */
import type { Applied } from "#shared/core/decision.ts";
import { BadInputError } from "#shared/core/errors.ts";
import type { FunctionGateway } from "#shared/ports/function-gateway.ts";

/** Every stage of a decision with its number. Throws `BadInputError` when the scaler does not remember it. */
export async function explain(gateway: FunctionGateway, decisionId: string): Promise<Applied> {
  const { status, body } = await gateway.ask("scaler", { decision: decisionId });
  if (status === 200) return JSON.parse(body) as Applied;
  if (status === 404) throw new BadInputError(`the scaler remembers no decision '${decisionId}'`);
  throw new BadInputError(`the scaler did not explain '${decisionId}': HTTP ${status} ${body.slice(0, 200)}`);
}

/** `budget`: what the function has used by now of its SLO's budget, in words; null where nobody tells. */
export function explanation(decision: Applied, budget: string | null): string[] {
  const { decisionId, atMs, policy, trigger, mode, reason, stages, target } = decision;
  return [
    `${decisionId}   ${new Date(atMs).toISOString()}   ${mode}, by ${trigger} (${policy.name} ${policy.version}), target ${target}`,
    reason,
    "",
    ...stages.map(
      ({ stage, replicas, note }) => `  ${stage.padEnd(13)} ${String(replicas).padStart(4)}   ${note ?? ""}`,
    ),
    ...(budget === null ? [] : ["", `SLO of ${decision.functionName} now: ${budget}`]),
  ];
}
