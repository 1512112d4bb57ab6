/** `replicant explain`: why this replica count. */
import type { Applied } from "#shared/core/decision.ts";
import { BadInputError } from "#shared/core/errors.ts";
import { askBudgets } from "#shared/live/budgets.ts";
import { connect } from "#shared/live/find-platform.ts";
import type { FunctionGateway } from "#shared/ports/function-gateway.ts";
import { command } from "./command.ts";
import { GATEWAY_OPTIONS } from "./gateway.ts";

export default command({
  name: "explain",
  description: "why this replica count: every stage of a decision",
  argument: ["<decision-id>", "as the line of 'up', the page and the events show it"],
  options: { ...GATEWAY_OPTIONS, "--json": "as JSON" },
  async run(flags, { home, env, say, answer }, decisionId = "") {
    const { gateway } = connect(flags, home, env);
    const decision = await explain(gateway, decisionId);
    if (flags.json) return answer(JSON.stringify(decision));
    const budget = (await askBudgets(gateway))[decision.functionName] ?? null;
    for (const line of explanation(decision, budget)) say(line);
  },
});

/** Every stage of a decision with its number. Throws `BadInputError` when the scaler does not remember it. */
async function explain(gateway: FunctionGateway, decisionId: string): Promise<Applied> {
  const { status, body } = await gateway.ask("scaler", { decision: decisionId });
  if (status === 200) return JSON.parse(body) as Applied;
  if (status === 404) throw new BadInputError(`the scaler remembers no decision '${decisionId}'`);
  throw new BadInputError(`the scaler did not explain '${decisionId}': HTTP ${status} ${body.slice(0, 200)}`);
}

/** `budget`: what the function has used by now of its SLO's budget, in words; null where it is not reported. */
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
