/** Transitions of one function as steps to learn from: whose doing each was, and what it was worth. */
import type { Applied } from "#shared/core/decision.ts";
import type { Transition } from "#shared/core/transition.ts";
import type { LiveStep } from "#shared/rl/live-update.ts";
import { MeasuredSteps } from "#shared/task/measured-steps.ts";
import { FunctionTask, taskNamed, type LearningTask } from "#shared/task/task.ts";
import type { AgentSettings } from "#shared/rl/agents.ts";

/**
 * `version` is the model's that learns: proposals of another one are passed over, for their observations may be of another layout.
 * Where the guard applied another number than was proposed, the action is the one that asks for the applied number; where there
 * is none, and where the rule decided or nothing was applied, it is null: not this policy's doing. A target asks for what ticks make of
 * it at the window's end.
 */
export function liveSteps(transitions: readonly Transition[], settings: AgentSettings, version: string): LiveStep[] {
  const managed = transitions.at(-1)?.managed;
  if (managed === undefined) return [];
  const task = taskNamed(settings);
  const measured = new MeasuredSteps(new FunctionTask(task, managed));
  const steps: LiveStep[] = [];
  let last: Transition["window"] | null = null;
  for (const transition of transitions) {
    const { window, proposal } = transition;
    const reward = measured.rewardOf(transition).total;
    const { learned, policy } = proposal;
    if (learned === null || policy.version !== version || learned.layout !== settings.layout) continue;
    steps.push({
      observation: learned.observation,
      actionMask: learned.actionMask,
      ...takenIn(transition, task),
      reward,
      isStart: last?.seq !== window.seq - 1 || last.generation !== window.generation,
    });
    last = window;
  }
  return steps;
}

function takenIn(
  { proposal, applied }: Transition,
  { actions }: LearningTask,
): Pick<LiveStep, "action" | "logProbability"> {
  const none = { action: null, logProbability: null };
  const { learned, policy, target } = proposal;
  const proposedReplicas = target === undefined ? proposal.proposedReplicas : applied.proposed;
  const isOwn = applied.trigger === "proposal" && applied.policy.version === policy.version;
  const count = countAfter(applied);
  if (!isOwn || count === null || applied.current === null) return none;
  if (count === proposedReplicas) return { action: learned!.action, logProbability: learned!.logProbability };
  const action = actions.actionFor(count, applied.current);
  return action === null || learned!.actionMask[action] !== true ? none : { action, logProbability: null };
}

/** The count after the decision: read back, or left as it was where nothing had to be sent; null where nothing could be. */
function countAfter({ applied, mode, desired, current }: Applied): number | null {
  const acts = mode === "auto" || mode === "canary";
  return applied ?? (acts && desired === current ? current : null);
}
