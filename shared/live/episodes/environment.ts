/** `replicant/ScalingLive-v0`: a step is a window of the running platform; the action goes through the guard as a proposal. */
import type { ManagedFunction } from "../../core/managed-function.ts";
import { isDecidable, type DecidableWindow, type MetricsWindow } from "../../core/window.ts";
import type { AgentSettings } from "../../rl/agents.ts";
import {
  EnvironmentMisuseError,
  type BaseInfo,
  type LiveEnvironment,
  type ResetResult,
  type StepResult,
} from "../../task/environment/contract.ts";
import { discrete, discreteContains, type BoxSpace, type DiscreteSpace } from "../../task/environment/spaces.ts";
import { MeasuredSteps } from "../../task/measured-steps.ts";
import { spaceOf } from "../../task/observation/layout.ts";
import { FunctionTask, taskNamed, type LearningTask } from "../../task/task.ts";
import type { LiveWindows, LivedWindow } from "./windows.ts";

/** The environment's name and version. */
const LIVE_ENVIRONMENT_ID = "replicant/ScalingLive-v0";

/** What a step reports beside observation and reward. */
export interface LiveInfo extends BaseInfo {
  /** As measured: what the observation was made from. */
  readonly window: MetricsWindow;
  /** What the platform was asked for, before the guard. */
  readonly requested: number;
  /** Whether the guard decided on the action; else the fallback rule was quicker, or a window was lost. */
  readonly isOwn: boolean;
}

/** The function, its windows and the settings of the agent. */
export interface LiveEnvironmentOptions {
  readonly settings: AgentSettings;
  readonly managed: ManagedFunction;
  readonly windows: LiveWindows;
}

/** Steps that were not what the agent did; reported at the end of a training. */
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
  readonly observationSpace: BoxSpace;
  readonly actionSpace: DiscreteSpace;
  readonly #options: LiveEnvironmentOptions;
  readonly #learned: LearningTask;
  #episode: Episode | null = null;
  #at: MetricsWindow | null = null;
  #step = 0;
  #counts = { steps: 0, ruled: 0, lost: 0 };

  constructor(options: LiveEnvironmentOptions) {
    this.#options = options;
    this.#learned = taskNamed(options.settings);
    this.observationSpace = spaceOf(this.#learned.layout);
    this.actionSpace = discrete(this.#learned.actions.count);
  }

  get counts(): LiveCounts {
    return this.#counts;
  }

  /** Waits for a window that can be decided on. */
  async reset(): Promise<ResetResult<LiveInfo>> {
    const episode = (this.#episode = new Episode(this.#learned, this.#options.managed));
    this.#step = 0;
    let window = this.#at ?? (await this.#options.windows.first());
    while (!isDecidable(window)) window = (await this.#pass(window, null)).window;
    this.#at = window;
    const observation = episode.see(window);
    return { observation, info: this.#infoOf(episode, window, window.desiredReplicas, true) };
  }

  async step(action: number): Promise<StepResult<LiveInfo>> {
    const [episode, at] = [this.#episode, this.#at];
    const { episodeWindows } = this.#options.settings.hyperparameters;
    if (episode === null || at === null) throw new EnvironmentMisuseError(`${this.id}: step before reset`);
    if (this.#step >= episodeWindows) throw new EnvironmentMisuseError(`${this.id}: the episode is over; reset it`);
    if (!discreteContains(this.actionSpace, action)) {
      const last = this.actionSpace.n - 1;
      throw new EnvironmentMisuseError(`${this.id}: the action must be one of 0…${last}, was: '${action}'`);
    }
    this.#step++;
    const { replicas: requested, isRefused } = episode.task.requestAt((at as DecidableWindow).desiredReplicas, action);
    let lived = await this.#pass(at, isRefused ? null : requested);
    let reward = episode.rewardOf(lived, requested);
    const isOwn = lived.transition?.applied.trigger === "proposal";
    let isLost = lived.transition === null;
    while (!isLost && !isDecidable(lived.window)) {
      lived = await this.#pass(lived.window, null);
      reward += episode.rewardOf(lived, null);
      isLost = lived.transition === null;
    }
    this.#at = lived.window;
    this.#count(isOwn, isLost);
    const truncated = isLost || this.#step >= episodeWindows;
    if (truncated) this.#step = episodeWindows;
    return {
      observation: episode.see(lived.window),
      reward,
      terminated: false,
      truncated,
      info: this.#infoOf(episode, lived.window, requested, isOwn && !isLost),
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

  #infoOf({ task }: Episode, window: MetricsWindow, requested: number, isOwn: boolean): LiveInfo {
    const desired = window.desiredReplicas ?? this.#options.managed.minReplicas;
    return { actionMask: task.maskAt(desired), window, requested, isOwn };
  }
}

/** What an episode remembers of the windows it went through. */
class Episode {
  readonly task: FunctionTask;
  readonly #measured: MeasuredSteps;

  constructor(learned: LearningTask, managed: ManagedFunction) {
    this.task = new FunctionTask(learned, managed);
    this.#measured = new MeasuredSteps(this.task);
  }

  /** The newest observation. An episode begins with a window that can be decided on, so there is one. */
  see(window: MetricsWindow): Float32Array {
    return this.#measured.see(window)!;
  }

  /** Of the window that followed; 0 where it, or the decision before it, was lost. `requested`: null where the count was held. */
  rewardOf({ transition }: LivedWindow, requested: number | null): number {
    return transition === null ? 0 : this.#measured.rewardOf(transition, requested ?? undefined).total;
  }
}
