/** `replicant/ScalingLive-v0`: a step is a window of the running platform; the action goes through the guard as a proposal. */
import { actionMask, ACTIONS, isWithin, NO_CHANGE, requestedReplicas } from "../../task/actions/change.ts";
import { headroomReplicas } from "../../task/actions/headroom.ts";
import {
  discrete,
  discreteContains,
  EnvironmentMisuseError,
  type BaseInfo,
  type LiveEnvironment,
  type ResetResult,
  type StepResult,
} from "../../task/environment.ts";
import type { ManagedFunction } from "../../core/managed-function.ts";
import { observationSpaceOf, windowObserver, type WindowObserver } from "../../task/observation/observer.ts";
import type { ReplicantView } from "../../task/observation/replicant.ts";
import { OBJECTIVES } from "../../task/objectives/published.ts";
import { isDecidable, type DecidableWindow, type MetricsWindow } from "../../core/window.ts";
import { MeasuredRewards } from "../../task/measured-rewards.ts";
import type { AgentSettings } from "../../rl/settings.ts";
import type { LiveWindows, LivedWindow } from "./windows.ts";

export const LIVE_ENVIRONMENT_ID = "replicant/ScalingLive-v0";

export interface LiveInfo extends BaseInfo {
  /** As measured: what the observation was made from. */
  readonly window: MetricsWindow;
  /** What the platform was asked for, before the guard. */
  readonly requested: number;
  /** Whether the guard decided on the action; else the fallback rule was quicker, or a window was lost. */
  readonly isOwn: boolean;
}

export interface LiveEnvironmentOptions {
  readonly settings: AgentSettings;
  readonly managed: ManagedFunction;
  readonly windows: LiveWindows;
}

/** Steps that were not what the agent did; told at the end of a training. */
export interface LiveCounts {
  readonly steps: number;
  /** The fallback rule decided on the window. */
  readonly ruled: number;
  /** Windows or decisions were lost; the episode was cut there. */
  readonly lost: number;
}

/**
 * One observation and one reward a window, both of what was measured. A reset changes nothing on the platform: an episode is a
 * stretch of its life, begun without memory. A window without arrivals or counts is held, as in service; what was gained on the
 * way is added up.
 */
export class LiveScalingEnvironment implements LiveEnvironment<LiveInfo> {
  readonly id = LIVE_ENVIRONMENT_ID;
  readonly observationSpace;
  readonly actionSpace = discrete(ACTIONS);
  readonly #options: LiveEnvironmentOptions;
  #life: Life | null = null;
  #at: MetricsWindow | null = null;
  #step = 0;
  #counts = { steps: 0, ruled: 0, lost: 0 };

  constructor(options: LiveEnvironmentOptions) {
    this.#options = options;
    this.observationSpace = observationSpaceOf(options.settings.layout);
  }

  get counts(): LiveCounts {
    return this.#counts;
  }

  /** Waits for a window that can be decided on. */
  async reset(): Promise<ResetResult<LiveInfo>> {
    const life = (this.#life = new Life(this.#options));
    this.#step = 0;
    let window = this.#at ?? (await this.#options.windows.first());
    while (!isDecidable(window)) window = (await this.#pass(window, null)).window;
    this.#at = window;
    const observation = life.see(window);
    return { observation, info: this.#infoOf(window, window.desiredReplicas, true) };
  }

  async step(action: number): Promise<StepResult<LiveInfo>> {
    const [life, at] = [this.#life, this.#at];
    const { episodeWindows } = this.#options.settings.hyperparameters;
    if (life === null || at === null) throw new EnvironmentMisuseError(`${this.id}: step before reset`);
    if (this.#step >= episodeWindows) throw new EnvironmentMisuseError(`${this.id}: the episode is over; reset it`);
    if (!discreteContains(this.actionSpace, action)) {
      throw new EnvironmentMisuseError(`${this.id}: the action must be one of 0…${ACTIONS - 1}, was: '${action}'`);
    }
    this.#step++;
    const requested = life.requestOf(at as DecidableWindow, action);
    const isHeld = life.refuses(requested, action);
    let lived = await this.#pass(at, isHeld ? null : requested);
    let reward = life.rewardOf(lived, requested);
    const isOwn = lived.transition?.applied.trigger === "proposal";
    let isLost = lived.transition === null;
    while (!isLost && !isDecidable(lived.window)) {
      lived = await this.#pass(lived.window, null);
      reward += life.rewardOf(lived, null);
      isLost = lived.transition === null;
    }
    this.#at = lived.window;
    this.#count(isOwn, isLost);
    const truncated = isLost || this.#step >= episodeWindows;
    if (truncated) this.#step = episodeWindows;
    return {
      observation: isDecidable(lived.window) ? life.see(lived.window) : life.last,
      reward,
      terminated: false,
      truncated,
      info: this.#infoOf(lived.window, requested, isOwn && !isLost),
    };
  }

  /** Proposes on a window, or to leave the count, and lives through the next one. */
  #pass(window: MetricsWindow, proposedReplicas: number | null): Promise<LivedWindow> {
    const { windows, managed } = this.#options;
    const because = proposedReplicas === null ? "the learner holds" : "the learner's action";
    const held = window.desiredReplicas ?? managed.minReplicas;
    return windows.pass(window, { proposedReplicas: proposedReplicas ?? held, because });
  }

  #count(isOwn: boolean, isLost: boolean): void {
    const { steps, ruled, lost } = this.#counts;
    this.#counts = { steps: steps + 1, ruled: ruled + (isOwn || isLost ? 0 : 1), lost: lost + (isLost ? 1 : 0) };
  }

  #infoOf(window: MetricsWindow, requested: number, isOwn: boolean): LiveInfo {
    const { settings, managed } = this.#options;
    const mask =
      settings.actions === "headroom"
        ? new Uint8Array(ACTIONS).fill(1)
        : actionMask(window.desiredReplicas ?? managed.minReplicas, managed);
    return { actionMask: mask, window, requested, isOwn };
  }
}

/** What an episode remembers: the observer's windows, and what rewards reckon with. */
class Life {
  readonly #settings: AgentSettings;
  readonly #managed: ManagedFunction;
  readonly #observer: WindowObserver;
  readonly #rewards: MeasuredRewards;
  last: Float32Array;

  constructor({ settings, managed }: LiveEnvironmentOptions) {
    this.#settings = settings;
    this.#managed = managed;
    this.#observer = windowObserver(settings.layout, managed);
    this.#rewards = new MeasuredRewards(settings);
    this.last = new Float32Array(observationSpaceOf(settings.layout).low.length);
  }

  see(window: DecidableWindow): Float32Array {
    return (this.last = this.#observer.see(window));
  }

  requestOf({ desiredReplicas }: DecidableWindow, action: number): number {
    if (this.#settings.actions === "change") return requestedReplicas(desiredReplicas, action);
    return headroomReplicas((this.#observer as ReplicantView).need, action, this.#managed);
  }

  /** Published agents scale nothing when an action leaves the bounds. */
  refuses(requested: number, action: number): boolean {
    const { objective, actions } = this.#settings;
    if (objective === "product" || actions === "headroom") return false;
    const isWithinBounds = isWithin(requested, this.#managed) || action === NO_CHANGE;
    return !isWithinBounds && OBJECTIVES[objective].beyondBounds === "refuse";
  }

  /** Of the window that followed; 0 where it, or the decision before it, was lost. `requested`: null where the count was held. */
  rewardOf({ transition }: LivedWindow, requested: number | null): number {
    if (transition === null) return 0;
    const { proposal } = transition;
    const proposedReplicas = requested ?? proposal.proposedReplicas;
    return this.#rewards.of({ ...transition, proposal: { ...proposal, proposedReplicas } });
  }
}
