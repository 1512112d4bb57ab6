/** `replicant/Scaling-v0`: one step is one window of the simulated platform; the action changes the desired replicas. */
import { BadInputError } from "../core/errors.ts";
import type { ManagedFunction } from "../core/managed-function.ts";
import { seededRandom, type Random } from "../core/random.ts";
import { isDecidable, type MetricsWindow } from "../core/window.ts";
import type { GuardSettings } from "../guard/guard.ts";
import type { WindowMode } from "../metrics/reading.ts";
import {
  EnvironmentMisuseError,
  type BaseInfo,
  type Environment,
  type ResetOptions,
  type ResetResult,
  type StepResult,
} from "../task/environment/contract.ts";
import { discrete, discreteContains, type BoxSpace, type DiscreteSpace } from "../task/environment/spaces.ts";
import { spaceOf } from "../task/observation/layout.ts";
import type { Reward } from "../task/objectives/objective.ts";
import { countedViolationShare } from "../task/violations.ts";
import { FunctionTask, taskNamed, type LearningTask, type TaskNames, type TaskRequest } from "../task/task.ts";
import type { Schedule } from "../traces/schedule.ts";
import { randomised, type ParameterRanges } from "./parameters.ts";
import { managedFunctionOf, simProfile, type ProfileChanges, type SimProfile } from "./profiles.ts";
import type { GuardSwitch } from "./scaler.ts";
import { Session } from "./session.ts";
import type { CallsTruth } from "./tally.ts";

/** The environment's versioned id. */
export const SCALING_ENVIRONMENT_ID = "replicant/Scaling-v0";

/** What an episode's load is drawn for. */
export interface EpisodeLoadOptions {
  readonly random: Random;
  readonly profile: SimProfile;
  /** The schedule must be at least so long; what comes later is not used. */
  readonly seconds: number;
}

/** Makes the schedule of one episode. Same chance, same schedule. */
export type EpisodeLoad = (options: EpisodeLoadOptions) => Schedule;

/** What an environment simulates, and what is learned in it. */
export interface ScalingSettings extends Omit<TaskNames, "actions"> {
  /** Default `change`: the desired count, changed by −2…+2. */
  readonly actions?: TaskNames["actions"];
  readonly profile: string | SimProfile;
  readonly changes?: ProfileChanges;
  readonly load: EpisodeLoad;
  /** The function as the learner knows it. Default: as the profile, before parameters are drawn, has it. */
  readonly managed?: ManagedFunction;
  /** Default `on`. */
  readonly guard?: GuardSwitch;
  readonly guardSettings?: Partial<GuardSettings>;
  /** Windows of an episode; then it is truncated. */
  readonly episodeWindows: number;
  /** Default 30. */
  readonly windowSeconds?: number;
  /** Default 2. */
  readonly tickSeconds?: number;
  /** Default `exact`. */
  readonly mode?: WindowMode;
}

/** All of it said at each reset: nothing stays from the episode before. */
export interface ScalingOptions {
  /** Draws the platform's parameters: `true` from the table's ranges. Default false. */
  readonly randomise?: boolean | ParameterRanges;
  /** Changes the profile for this episode. */
  readonly changes?: ProfileChanges;
  /** This schedule in place of the one that `load` draws. */
  readonly schedule?: Schedule;
  /** Ready at the start; `random`: uniform within the bounds. Default the minimum. */
  readonly initialReplicas?: number | "random";
}

/** What `reset` and `step` report beside the observation; the truth is about calls that ended in the window. */
export interface ScalingInfo extends BaseInfo, CallsTruth {
  /** Of the next step. */
  readonly actionMask: Uint8Array;
  readonly simulatedSeconds: number;
  /** As measured; the raw, un-normalised source of the observation. */
  readonly window: MetricsWindow;
  readonly rawObservation: Float32Array;
  /** The window could not be measured: the observation is the one before, and nothing is decided on it. */
  readonly missing: boolean;
  readonly reward: Reward;
  readonly desired: number;
  readonly ready: number;
  readonly pending: number;
  /** Desired replicas that the action asked for, and whether bounds or guard made it another number. */
  readonly requested: number;
  readonly clipped: boolean;
  readonly replicaSeconds: number;
  readonly coldStarts: number;
}

const POLICY = { name: "learner", version: "0" } as const;
const NO_REWARD: Reward = { total: 0, terms: {} };

/** The simulated platform as an environment: a step is a window. */
export class ScalingEnvironment implements Environment<ScalingInfo, ScalingOptions> {
  readonly id = SCALING_ENVIRONMENT_ID;
  readonly observationSpace: BoxSpace;
  readonly actionSpace: DiscreteSpace;
  readonly #settings: ScalingSettings;
  readonly #learned: LearningTask;
  readonly #managed: ManagedFunction;
  readonly #windowSeconds: number;
  #task!: FunctionTask;
  #random: Random | null = null;
  #episode = 0;
  #session: Session | null = null;
  #profile: SimProfile;
  #step = 0;
  #observation!: Float32Array;
  #window: MetricsWindow | null = null;

  /** Throws `BadInputError` for an unknown profile, layout, action scheme or objective, or an episode without windows. */
  constructor(settings: ScalingSettings) {
    const { layout, objective, actions = "change", episodeWindows, windowSeconds = 30 } = settings;
    if (!Number.isInteger(episodeWindows) || episodeWindows < 1) {
      throw new BadInputError(`an episode must have a whole number of windows, at least 1, was: '${episodeWindows}'`);
    }
    this.#settings = settings;
    this.#learned = taskNamed({ layout, objective, actions });
    this.#windowSeconds = windowSeconds;
    this.#profile = simProfile(settings.profile, settings.changes);
    this.#managed = settings.managed ?? managedFunctionOf(this.#profile);
    this.observationSpace = spaceOf(this.#learned.layout);
    this.actionSpace = discrete(this.#learned.actions.count);
  }

  /** Lives through one window with the replicas of the start, so that there is something to observe. */
  reset({ seed, options = {} }: ResetOptions<ScalingOptions> = {}): ResetResult<ScalingInfo> {
    if (seed !== undefined || this.#random === null) {
      this.#random = seededRandom(seed ?? 0);
      this.#episode = 0;
    }
    const random = this.#random.fork(`episode-${this.#episode++}`);
    const settings = this.#settings;
    const base = simProfile(simProfile(settings.profile, settings.changes), options.changes);
    const parameters = randomised(base.parameters, random.fork("parameters"), options.randomise ?? false);
    this.#profile = { ...base, parameters };
    const windows = settings.episodeWindows + 1;
    const schedule =
      options.schedule ??
      settings.load({
        random: random.fork("workload"),
        profile: this.#profile,
        seconds: windows * this.#windowSeconds,
      });
    this.#session = new Session({
      schedule,
      profile: this.#profile,
      random,
      mode: settings.mode ?? "exact",
      guard: settings.guard ?? "on",
      guardSettings: settings.guardSettings,
      windowSeconds: this.#windowSeconds,
      tickSeconds: settings.tickSeconds ?? 2,
      initialReplicas: this.#initialReplicas(options, random),
    });
    this.#step = 0;
    this.#task = new FunctionTask(this.#learned, this.#managed);
    this.#observation = Float32Array.from(this.observationSpace.low);
    this.#runWindow(this.#session);
    const { desired } = this.#session.platform;
    return { observation: this.#observation, info: this.#infoOf(this.#session, NO_REWARD, desired, false) };
  }

  step(action: number): StepResult<ScalingInfo> {
    const session = this.#session;
    if (session === null) throw new EnvironmentMisuseError(`${this.id}: step before reset`);
    if (this.#step >= this.#settings.episodeWindows) {
      throw new EnvironmentMisuseError(`${this.id}: the episode is over; reset it`);
    }
    if (!discreteContains(this.actionSpace, action)) {
      const last = this.#learned.actions.count - 1;
      throw new EnvironmentMisuseError(`${this.id}: the action must be one of 0…${last}, was: '${action}'`);
    }
    this.#step++;
    const request = this.#task.requestAt(session.platform.desired, action);
    const clipped = this.#act(session, request);
    const window = this.#runWindow(session);
    const reward = this.#task.rewardOf({
      window,
      requestedReplicas: request.replicas,
      isWithinBounds: request.isWithinBounds,
      replicaSeconds: session.windowReplicaSeconds,
      violationShare: countedViolationShare(session.windowTally),
    });
    return {
      observation: this.#observation.slice(),
      reward: reward.total,
      terminated: false,
      truncated: this.#step >= this.#settings.episodeWindows,
      info: this.#infoOf(session, reward, request.replicas, clipped),
    };
  }

  /** Passes the action on; true when bounds or guard made another number of it. */
  #act(session: Session, { replicas, isRefused }: TaskRequest): boolean {
    // On a window that was not measured no policy is asked: the count is held, as in service.
    const mayAct = !isRefused && this.#window !== null && isDecidable(this.#window);
    const proposal = mayAct ? { proposedReplicas: replicas, because: "the learner's action" } : null;
    return session.scaler.onWindow(this.#window!, proposal, POLICY).applied !== replicas;
  }

  /** Runs one window; what cannot be decided on is not observed. */
  #runWindow(session: Session): MetricsWindow {
    const window = (this.#window = session.runWindow());
    if (isDecidable(window)) this.#observation = this.#task.see(window);
    return window;
  }

  #initialReplicas({ initialReplicas }: ScalingOptions, random: Random): number {
    const { minReplicas, maxReplicas } = this.#profile;
    if (initialReplicas === "random") {
      return minReplicas + random.fork("initial").integer(maxReplicas - minReplicas + 1);
    }
    return initialReplicas ?? minReplicas;
  }

  #infoOf(session: Session, reward: Reward, requested: number, clipped: boolean): ScalingInfo {
    const { platform, windowTally: tally } = session;
    const window = this.#window!;
    return {
      actionMask: this.#task.maskAt(platform.desired),
      simulatedSeconds: platform.nowSeconds,
      window,
      rawObservation: this.#observation,
      missing: !isDecidable(window),
      reward,
      desired: platform.desired,
      ready: platform.available,
      pending: platform.pending,
      requested,
      clipped,
      // `tally.truth`, written out: a copy of it at each step takes a measurable share of the step.
      arrivals: tally.arrivals,
      ok: tally.ok,
      failed: tally.failed,
      late: tally.late,
      p50Seconds: tally.latency.quantile(0.5),
      p95Seconds: tally.latency.quantile(0.95),
      p99Seconds: tally.latency.quantile(0.99),
      replicaSeconds: session.windowReplicaSeconds,
      coldStarts: tally.coldStarts,
    };
  }
}
