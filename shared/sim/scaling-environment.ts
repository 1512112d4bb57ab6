/** `replicant/Scaling-v0`: one step is one window of the simulated platform; the action changes the desired replicas. */
import { actionMask, ACTION_DELTAS, ACTIONS, isWithin, requestedReplicas } from "../task/actions/change.ts";
import { discrete, discreteContains, EnvironmentMisuseError } from "../task/environment.ts";
import type { BaseInfo, Environment, ResetOptions, ResetResult, StepResult } from "../task/environment.ts";
import { BadInputError } from "../core/errors.ts";
import type { GuardSettings } from "../guard/guard.ts";
import { layoutOf, observe, spaceOf } from "../task/observation/published.ts";
import type { LayoutName, ObservationLayout } from "../task/observation/published.ts";
import { seededRandom } from "../core/random.ts";
import type { Random } from "../core/random.ts";
import { OBJECTIVES } from "../task/objectives/published.ts";
import type { Objective, ObjectiveName, Reward } from "../task/objectives/published.ts";
import type { Schedule } from "../traces/schedule.ts";
import { isDecidable } from "../core/window.ts";
import type { MetricsWindow } from "../core/window.ts";
import type { WindowMode } from "../metrics/reading.ts";
import { randomised, TABLE_RANGES } from "./parameters.ts";
import type { ParameterRanges } from "./parameters.ts";
import { simProfile } from "./profiles.ts";
import type { ProfileChanges, SimProfile } from "./profiles.ts";
import type { GuardSwitch } from "./scaler.ts";
import { Session } from "./session.ts";
import type { Workload } from "./workload.ts";

export const SCALING_ENVIRONMENT_ID = "replicant/Scaling-v0";

export interface ScalingSettings {
  readonly profile: string | SimProfile;
  readonly changes?: ProfileChanges;
  /** Gives each episode its schedule. */
  readonly workload: Workload;
  readonly layout: LayoutName;
  readonly objective: ObjectiveName;
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
  /** Replicas that an action asks for. Default: the desired ones, changed by −2…+2. */
  readonly requestOf?: (action: number, desired: number) => number;
}

/** All of it said at each reset: nothing stays from the episode before. */
export interface ScalingOptions {
  /** Draws the platform's parameters: `true` from the table's ranges. Default false. */
  readonly randomise?: boolean | ParameterRanges;
  /** Changes the profile for this episode. */
  readonly changes?: ProfileChanges;
  /** This schedule in place of the workload's. */
  readonly schedule?: Schedule;
  /** Ready at the start; `random`: uniform within the bounds. Default the minimum. */
  readonly initialReplicas?: number | "random";
}

export interface ScalingInfo extends BaseInfo {
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
  /** The truth about calls that ended in the window; latencies in seconds, null when none did. */
  readonly arrivals: number;
  readonly ok: number;
  readonly failed: number;
  readonly late: number;
  readonly p50Seconds: number | null;
  readonly p95Seconds: number | null;
  readonly p99Seconds: number | null;
  readonly replicaSeconds: number;
  readonly coldStarts: number;
}

const POLICY = { name: "learner", version: "0" } as const;
const NO_REWARD: Reward = { total: 0, terms: {} };

export class ScalingEnvironment implements Environment<ScalingInfo, ScalingOptions> {
  readonly id = SCALING_ENVIRONMENT_ID;
  readonly observationSpace;
  readonly actionSpace = discrete(ACTIONS);
  readonly #settings: ScalingSettings;
  readonly #layout: ObservationLayout;
  readonly #objective: Objective;
  readonly #windowSeconds: number;
  #random: Random | null = null;
  #episode = 0;
  #session: Session | null = null;
  #profile: SimProfile;
  #step = 0;
  #observation: Float32Array;
  #window: MetricsWindow | null = null;

  /** Throws `BadInputError` for an unknown profile or layout, or an episode without windows. */
  constructor(settings: ScalingSettings) {
    const { episodeWindows, windowSeconds = 30 } = settings;
    if (!Number.isInteger(episodeWindows) || episodeWindows < 1) {
      throw new BadInputError(`an episode must have a whole number of windows, at least 1, was: '${episodeWindows}'`);
    }
    this.#settings = settings;
    this.#layout = layoutOf(settings.layout);
    this.#objective = OBJECTIVES[settings.objective];
    this.#windowSeconds = windowSeconds;
    this.#profile = simProfile(settings.profile, settings.changes);
    this.observationSpace = spaceOf(this.#layout);
    this.#observation = new Float32Array(this.#layout.features.length);
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
    const ranges = options.randomise === true ? TABLE_RANGES : options.randomise || {};
    this.#profile = { ...base, parameters: randomised(base.parameters, random.fork("parameters"), ranges) };
    const windows = settings.episodeWindows + 1;
    const schedule =
      options.schedule ??
      settings.workload({
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
    this.#observation = observe(this.#layout, this.#live(this.#session));
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
      throw new EnvironmentMisuseError(`${this.id}: the action must be one of 0…${ACTIONS - 1}, was: '${action}'`);
    }
    this.#step++;
    const { desired } = session.platform;
    const requested = this.#settings.requestOf?.(action, desired) ?? requestedReplicas(desired, action);
    const isWithinBounds = isWithin(requested, session.managed) || action === ACTION_DELTAS.indexOf(0);
    const clipped = this.#act(session, requested, isWithinBounds);
    const window = this.#live(session);
    const reward = this.#objective.rewardOf({
      window,
      requestedReplicas: requested,
      isWithinBounds,
      sloSeconds: session.managed.slo.seconds,
      replicaSeconds: session.windowReplicaSeconds,
    });
    if (isDecidable(window)) this.#observation = observe(this.#layout, window);
    return {
      observation: this.#observation.slice(),
      reward: reward.total,
      terminated: false,
      truncated: this.#step >= this.#settings.episodeWindows,
      info: this.#infoOf(session, reward, requested, clipped),
    };
  }

  /** Passes the action on; true when bounds or guard made another number of it. */
  #act(session: Session, requested: number, isWithinBounds: boolean): boolean {
    const refused = !isWithinBounds && this.#objective.beyondBounds === "refuse";
    // On a window that was not measured no policy is asked: the count is held, as in service.
    const mayAct = !refused && this.#window !== null && isDecidable(this.#window);
    const proposal = mayAct ? { proposedReplicas: requested, because: "the learner's action" } : null;
    return session.scaler.onWindow(this.#window!, proposal, POLICY).applied !== requested;
  }

  #live(session: Session): MetricsWindow {
    return (this.#window = session.runWindow());
  }

  #initialReplicas({ initialReplicas }: ScalingOptions, random: Random): number {
    const { minReplicas, maxReplicas } = this.#profile;
    if (initialReplicas === "random") {
      return minReplicas + random.fork("initial").integer(maxReplicas - minReplicas + 1);
    }
    return initialReplicas ?? minReplicas;
  }

  #infoOf(session: Session, reward: Reward, requested: number, clipped: boolean): ScalingInfo {
    const { platform, windowTally: tally, managed } = session;
    const window = this.#window!;
    return {
      actionMask: actionMask(platform.desired, managed),
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
