/** Transitions of one function as steps to learn from: whose doing each was, and what it was worth. */
import { ACTION_DELTAS } from "#shared/task/actions/change.ts";
import type { Applied } from "#shared/core/decision.ts";
import type { Transition } from "#shared/core/transition.ts";
import type { LiveStep } from "#shared/rl/live-update.ts";
import { MeasuredRewards } from "#shared/task/measured-rewards.ts";
import type { AgentSettings } from "#shared/rl/settings.ts";

/**
 * `version` is the model's that learns: proposals of another one are passed over, for their observations may be of another layout.
 * Where the guard applied another number than was proposed, the action is the one that asks for the applied number; where there
 * is none, and where the rule decided or nothing was applied, it is null: not this policy's doing. A target asks for what ticks make of
 * it at the window's end.
 */
export function liveSteps(transitions: readonly Transition[], settings: AgentSettings, version: string): LiveStep[] {
  const rewards = new MeasuredRewards(settings);
  const steps: LiveStep[] = [];
  let last: Transition["window"] | null = null;
  for (const transition of transitions) {
    const { window, proposal } = transition;
    const reward = rewards.of(transition);
    const { learned, policy } = proposal;
    if (learned === null || policy.version !== version || learned.layout !== settings.layout) continue;
    steps.push({
      observation: learned.observation,
      actionMask: learned.actionMask,
      ...takenIn(transition, settings),
      reward,
      isStart: last?.seq !== window.seq - 1 || last.generation !== window.generation,
    });
    last = window;
  }
  return steps;
}

function takenIn(
  { proposal, applied }: Transition,
  { actions }: AgentSettings,
): Pick<LiveStep, "action" | "logProbability"> {
  const none = { action: null, logProbability: null };
  const { learned, policy, target } = proposal;
  const proposedReplicas = target === undefined ? proposal.proposedReplicas : applied.proposed;
  const isOwn = applied.trigger === "proposal" && applied.policy.version === policy.version;
  const count = countAfter(applied);
  if (!isOwn || count === null || applied.current === null) return none;
  if (count === proposedReplicas) return { action: learned!.action, logProbability: learned!.logProbability };
  // A headroom's number depends on more than was told.
  const delta = count - applied.current;
  const action = actions === "change" ? ACTION_DELTAS.findIndex((one) => one === delta) : -1;
  return action < 0 || learned!.actionMask[action] !== true ? none : { action, logProbability: null };
}

/** What stood after the decision: read back, or left as it was where nothing had to be sent; null where nothing could be. */
function countAfter({ applied, mode, desired, current }: Applied): number | null {
  const acts = mode === "auto" || mode === "canary";
  return applied ?? (acts && desired === current ? current : null);
}
