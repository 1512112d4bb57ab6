/**
 * The trainer: hears what was seen, proposed and applied, keeps it, learns from it, and judges every model by what it and the
 * rule would have brought. A fact is acknowledged when it stands in the log; all else is rebuilt from there.
 */
import type { Clock } from "#shared/core/clock.ts";
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import { withinPlatform, type ManagedFunction, type Mode } from "#shared/core/managed-function.ts";
import type { ModelAction, ModelControl } from "#shared/core/model.ts";
import {
  judge,
  LIFECYCLE_DEFAULTS,
  onTrial,
  stepsToForget,
  type LifecycleSettings,
} from "#shared/core/model-lifecycle.ts";
import type { Fact } from "#shared/core/transitions.ts";
import { windowRealMs } from "#shared/events/age.ts";
import { CollectorWatch } from "#shared/events/collector-watch.ts";
import type { Activity } from "#shared/host/activity.ts";
import type { Log } from "#shared/host/log.ts";
import { featureNamesOf } from "#shared/core/observation/observer.ts";
import { policyReference } from "#shared/policies/reference.ts";
import type { EventBus } from "#shared/ports/event-bus.ts";
import { learnedFrom, type FunctionRecord } from "./function-record.ts";
import { rangeRefusal, statusOf, type Careful } from "./careful.ts";
import { comparisonWords } from "./learning/compare.ts";
import type { Learner } from "./learning/learner.ts";
import type { HistoryEntry } from "./log/entries.ts";
import type { SegmentLog } from "./log/segments.ts";
import { TrainerMemory } from "./memory.ts";
import { baseProfile, type CalibratedProfiles } from "./profiles.ts";
import { newsOf, readStanding, standingOf, type Standing, type StandingDeps } from "./standing.ts";

export interface TrainerDeps extends StandingDeps {
  readonly bus: EventBus;
  readonly log: SegmentLog;
  readonly learner: Learner;
  readonly clock: Clock;
  readonly activity: Activity;
  /** Ages are its. */
  readonly monotonic: Pick<Clock, "nowMs">;
  readonly say: Log;
  /** The fallback rule by name: what models are held against. */
  readonly rule: string;
  readonly profiles: CalibratedProfiles;
  readonly settings: TrainerSettings;
}

export interface TrainerSettings {
  readonly isAutomatic: boolean;
  readonly rolloutWindows: number;
  readonly simulatedSteps: number;
  readonly judgeWindows: number;
}

export interface Trainer {
  status(): object;
  history(functionName: string | null): readonly HistoryEntry[];
  /** Training by itself; judging never stops. */
  setAutomatic(isAutomatic: boolean): void;
  /** Resolves when the training has begun. Rejects with `BadInputError` when it cannot. */
  trainNow(functionName: string): Promise<void>;
  setMode(functionName: string, mode: Mode, reason: string): Promise<void>;
  take(fact: Fact): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

/** After a training so much of a rollout must pass before drift alone starts another one. */
const REST_SHARE = 0.25;
/** Functions whose estimates may queue: more would be older than the next window when their turn comes. */
const MOST_QUEUED = 256;
/** Windows that tell what a function is like when its model is judged: an hour of them. */
const JUDGED_FROM = 120;
/** A candidate is judged on no less than this. */
const LEAST_RECORDED = 16;
/** Events of each kind that are on their way into the log. */
const MOST_IN_HAND = 32;
/** Estimates queue behind trainings; so many windows without one are worth a look. */
const MOST_WINDOWS_UNJUDGED = 5;
/** Published models of a function that are kept, of about a megabyte and a half each. */
const MOST_MODELS = 10;

export function createTrainer(deps: TrainerDeps): Trainer {
  const { bus, log, learner, clock, monotonic, activity, say, shelf, rule, profiles, settings } = deps;
  const lifecycle: LifecycleSettings = { ...LIFECYCLE_DEFAULTS, judgeWindows: settings.judgeWindows };
  const memory = new TrainerMemory(log);
  const watch = new CollectorWatch({ clock, monotonic });
  const functions = new Map<string, Careful>();
  const running = new Set<Promise<void>>();
  const queued = new Set<string>();
  let isAutomatic = settings.isAutomatic;

  function of(functionName: string): Careful {
    let one = functions.get(functionName);
    if (!one) {
      one = { record: memory.of(functionName), standing: null, problem: null, training: null, turn: Promise.resolve() };
      functions.set(functionName, one);
    }
    return one;
  }

  const baseFor = (record: FunctionRecord) => baseProfile(profiles, record.windows.at(-1)!).profile;

  async function note(functionName: string, action: HistoryEntry["action"], reason: string, atMs: number) {
    say.info({ event: "model", functionName, action }, reason);
    await memory.note({ functionName, atMs, action, reason });
  }

  /** The model that stands; null for a rule, and for a model that cannot be used now. */
  async function standingFor(one: Careful, managed: ManagedFunction): Promise<Standing | null> {
    if (one.standing?.reference.text === managed.policy) return one.standing;
    one.standing = null;
    one.problem = null;
    try {
      const reference = policyReference(managed.policy);
      if (reference.kind !== "model") return null;
      one.standing = await readStanding(managed, reference, deps);
      one.record.begin();
    } catch (thrown) {
      one.problem = messageOf(thrown);
    }
    return one.standing;
  }

  /** Writes, tells, and begins to count anew. */
  async function change(one: Careful, standing: Standing, control: ModelControl, action: ModelAction): Promise<void> {
    const next = await standingOf(standing.reference, control, deps);
    await shelf.setControl(control);
    one.standing = next;
    one.record.begin();
    await tell(one, next, action, control.reason, control.atMs);
  }

  async function tell(one: Careful, standing: Standing, action: ModelAction, reason: string, atMs: number) {
    await note(one.record.functionName, action, reason, atMs);
    try {
      await bus.publish(
        newsOf(standing, action, reason, { atMs, generation: one.record.generation, nowMs: clock.nowMs() }),
      );
    } catch (thrown) {
      // Who serves looks at the shelf by and by; the log keeps the story whole.
      say.warn({ problem: messageOf(thrown) }, "the news of a model could not be told");
    }
  }

  /** After a window that is still news: how does the model stand, and is there something to learn? */
  async function consider(one: Careful): Promise<void> {
    const { record } = one;
    const managed = withinPlatform(record.managed!);
    const standing = await standingFor(one, managed);
    if (standing === null) return;
    const atMs = record.windows.at(-1)!.endedAtMs;
    const { files, version } = standing;
    const windows = record.windows.slice(-JUDGED_FROM);
    const estimate = await learner.estimate({ files, version, managed, windows, rule, base: baseFor(record) });
    if (one.standing !== standing) return;
    if (estimate !== null) {
      record.estimate = estimate;
      const every = MOST_WINDOWS_UNJUDGED * windowRealMs(record.windows.at(-1)!);
      activity.did("judgement", record.functionName, { everyMs: every, else: "a bad model would keep its control" });
      const judgement = judge(standing, record.trial, estimate, atMs, lifecycle);
      record.trial = judgement.trial;
      if (judgement.switch !== null) {
        await change(one, standing, judgement.switch.control, judgement.switch.action);
        return;
      }
    }
    const reason = await reasonToTrain(one, standing, atMs);
    const mayTrain = isAutomatic && standing.reference.follows && rangeRefusal(record) === null;
    if (reason !== null && mayTrain) begin(one, standing, reason);
  }

  async function reasonToTrain(one: Careful, standing: Standing, atMs: number): Promise<string | null> {
    const { record } = one;
    if (one.training !== null || record.windows.length < LEAST_RECORDED) return null;
    const { statistics, settings: learned } = standing.record;
    const drift = record.driftFrom(statistics, learned.layout);
    if (drift?.hasDrifted && !record.driftTold) {
      record.driftTold = true;
      const feature = featureNamesOf(learned.layout)[drift.feature];
      const outside = `${Math.round(100 * drift.outsideShare)} % of all numbers lie beyond three deviations`;
      const what = `'${feature}' lies ${drift.deviations.toFixed(1)} deviations from what was trained on; ${outside}`;
      await tell(one, standing, "drifted", what, atMs);
      const rest = REST_SHARE * settings.rolloutWindows;
      if (record.windowsSinceTraining === null || record.windowsSinceTraining >= rest)
        return `the load drifted: ${what}`;
    }
    const { length } = record.transitions;
    return length >= settings.rolloutWindows ? `a rollout of ${length} transitions is full` : null;
  }

  function begin(one: Careful, standing: Standing, reason: string): void {
    one.training = reason;
    const work = train(one, standing, reason)
      .catch(async (thrown: unknown) => {
        const atMs = one.record.windows.at(-1)?.endedAtMs ?? 0;
        await note(one.record.functionName, "failed", `the training failed: ${messageOf(thrown)}`, atMs).catch(
          () => {},
        );
      })
      .finally(() => {
        one.training = null;
        one.record.windowsSinceTraining = 0;
        running.delete(work);
      });
    running.add(work);
  }

  async function train(one: Careful, standing: Standing, reason: string): Promise<void> {
    const { record } = one;
    const { functionName } = record;
    const { files, version } = standing;
    const transitions = [...record.transitions];
    const atMs = record.windows.at(-1)!.endedAtMs;
    await note(functionName, "training", reason, atMs);
    const outcome = await learner.fineTune({
      files,
      version,
      managed: record.managed!,
      transitions,
      windows: record.windows,
      rule,
      base: baseFor(record),
      simulatedSteps: settings.simulatedSteps,
      seed: `${functionName}@${atMs}`,
    });
    // Before anything is published: whoever dies now learns anew, from nothing that is in a published model.
    if (transitions.length > 0) await memory.learned(learnedFrom(functionName, transitions));
    const { live, simulated, comparison } = outcome;
    const words = `${live.counted} of ${live.steps} live and ${simulated.steps} simulated steps: ${comparisonWords(comparison)}`;
    await inTurn(one, async () => {
      const now = one.standing;
      if (now?.version !== version) {
        return note(functionName, "failed", `the model changed while its successor was trained; ${words}`, atMs);
      }
      if (!comparison.isBetter) return tell(one, now, "rejected", `the candidate is not surely better, ${words}`, atMs);
      const models = shelf.modelsOf(functionName);
      const step = Math.max(outcome.steps, ((await models.steps()).at(-1) ?? 0) + 1);
      await models.write(step, outcome.files);
      await change(one, now, onTrial(now.control, step, `step ${step} is better, ${words}`, atMs), "canary");
      await forgetOld(one);
    });
  }

  /** Only the last few are kept, and the two that count. */
  async function forgetOld({ record: { functionName }, standing }: Careful): Promise<void> {
    try {
      const models = shelf.modelsOf(functionName);
      for (const step of stepsToForget(await models.steps(), standing!.control, MOST_MODELS)) await models.remove(step);
    } catch (thrown) {
      // The next one that is published brings them up again.
      say.warn({ functionName, problem: messageOf(thrown) }, "old models could not be removed");
    }
  }

  function inTurn(one: Careful, work: () => Promise<void>): Promise<void> {
    const done = one.turn.then(work);
    one.turn = done.catch((thrown: unknown) => {
      one.problem = messageOf(thrown);
      say.warn({ functionName: one.record.functionName, problem: one.problem }, "could not judge or switch");
    });
    return done;
  }

  /** While one estimate of a function waits the next window need not queue: it will be in that one. */
  function considerLater(functionName: string): void {
    if (queued.size >= MOST_QUEUED || queued.has(functionName)) return;
    queued.add(functionName);
    const one = of(functionName);
    void inTurn(one, () => consider(one))
      .catch(() => {})
      .finally(() => queued.delete(functionName));
  }

  async function modelOf(functionName: string): Promise<{ one: Careful; standing: Standing }> {
    const managed = memory.records.get(functionName)?.managed;
    if (!managed) {
      const names = [...memory.records.keys()].join(", ") || "none";
      throw new BadInputError(
        `no windows of a function '${functionName.slice(0, 100)}' were heard; known are ${names}`,
      );
    }
    const one = of(functionName);
    const standing = await standingFor(one, managed);
    if (standing !== null) return { one, standing };
    throw new BadInputError(one.problem ?? `the policy of '${functionName}' is the rule '${managed.policy}', no model`);
  }

  return {
    take: (fact) => memory.take(fact),
    status: () => ({
      training: isAutomatic ? "by itself" : "when told to",
      rule,
      models: shelf.place,
      log: memory.log,
      joins: memory.joins,
      collector: watch.status(),
      functions: Object.fromEntries([...memory.records.keys()].map((name) => [name, statusOf(of(name), profiles)])),
    }),
    history: (functionName) =>
      [...memory.records.values()]
        .filter((record) => functionName === null || record.functionName === functionName)
        .flatMap(({ history }) => history)
        .sort((a, b) => a.atMs - b.atMs),
    setAutomatic: (value) => void (isAutomatic = value),
    async trainNow(functionName) {
      const { one, standing } = await modelOf(functionName);
      if (!standing.reference.follows) {
        const how = `name it 'model:${standing.reference.source}' to have it trained`;
        throw new BadInputError(`the model of '${functionName}' stays what it is: ${how}`);
      }
      if (one.training !== null) throw new BadInputError(`'${functionName}' is being trained already: ${one.training}`);
      const { length } = one.record.windows;
      if (length < LEAST_RECORDED) {
        throw new BadInputError(`${LEAST_RECORDED} windows of '${functionName}' are needed, there are ${length}`);
      }
      const refusal = rangeRefusal(one.record);
      if (refusal !== null) throw new BadInputError(refusal);
      begin(one, standing, "somebody said so");
    },
    async setMode(functionName, mode, reason) {
      const { one } = await modelOf(functionName);
      await inTurn(one, async () => {
        const standing = one.standing!;
        if (standing.control.mode === mode) return;
        const atMs = one.record.windows.at(-1)!.endedAtMs;
        await change(one, standing, { ...standing.control, mode, version: null, reason, atMs }, "mode");
      });
    },
    async run(signal) {
      const options = { durable: "trainer", mostAtOnce: MOST_IN_HAND };
      const subscriptions = await Promise.all([
        bus.subscribe(
          "window",
          async (event) => {
            const { managed, window } = event.data;
            const standing = watch.onWindow(event, { live: false });
            // It cannot have ended yet: in the log it would stand before all that is still to come.
            if (standing === "refused") return;
            await memory.take({ kind: "window", managed, window });
            activity.did("window", window.functionName, {
              everyMs: windowRealMs(window),
              else: "there is nothing to judge by",
            });
            // After an outage there is much to read and nothing to decide.
            if (standing === "in-time") considerLater(window.functionName);
          },
          options,
        ),
        bus.subscribe("proposal", ({ data }) => memory.take({ kind: "proposal", proposal: data.proposal }), options),
        bus.subscribe("applied", ({ data }) => memory.take({ kind: "applied", applied: data }), options),
        // Never kept for anyone: they tell what the time is.
        bus.subscribe("tick", async (event) => void watch.onTick(event)),
      ]);
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
    },
  };
}
