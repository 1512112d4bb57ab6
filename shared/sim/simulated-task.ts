/** The simulated platform as what an agent learns on: every step decided on, rewards relative to a baseline where that is asked for. */
import { baselineRewards } from "../task/environment/baseline-rewards.ts";
import type { Environment } from "../task/environment/contract.ts";
import { decidableSteps } from "../task/environment/decidable-steps.ts";
import { actionSchemeNamed, type ActionSchemeName } from "../task/actions/schemes.ts";
import { ScalingEnvironment, type ScalingOptions, type ScalingSettings } from "./scaling-environment.ts";

/** What an agent is trained on in the simulator. */
export interface SimulatedTask extends ScalingSettings {
  readonly actions: ActionSchemeName;
  /** Of each episode: which platform is drawn, and how many replicas it begins with. */
  readonly episodes: ScalingOptions;
  /** Rewards say how much better than the scheme's constant policy on the same load. */
  readonly comparesWithBaseline: boolean;
}

/** Same settings and seed, same steps. Throws `BadInputError` for settings that cannot be. */
export function simulatedTask({ episodes, comparesWithBaseline, ...settings }: SimulatedTask): Environment {
  const { constantAction } = actionSchemeNamed(settings.actions);
  const make = () =>
    decidableSteps(new ScalingEnvironment(settings), { holdAction: constantAction, options: episodes });
  return comparesWithBaseline ? baselineRewards(make(), make(), constantAction) : make();
}
