/** One function whose model the trainer looks after: its record, the model that serves it, the training under way, and its status. */
import { messageOf } from "#shared/core/errors.ts";
import { trainingRefusal } from "#shared/core/managed-function.ts";
import type { Log } from "#shared/host/log.ts";
import { baseProfile, type CalibratedProfiles } from "./judging/profiles.ts";
import { modelName, type ServingModel } from "./judging/serving-model.ts";
import type { FunctionRecord } from "./memory/function-record.ts";

/** The state of one function in the trainer. */
export class TrainedFunction {
  serving: ServingModel | null = null;
  /** Why no model serves; null where one does, or where the policy is a rule. */
  problem: string | null = null;
  /** The reason for the training under way; null while there is none. */
  training: string | null = null;
  #turn: Promise<void> = Promise.resolve();

  constructor(
    readonly record: FunctionRecord,
    readonly log: Log,
  ) {}

  /** Runs `work` after everything begun for this function before: its estimates and switches never overlap. */
  inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch((thrown: unknown) => {
      this.problem = messageOf(thrown);
      this.log.warn({ functionName: this.record.functionName, problem: this.problem }, "could not judge or switch");
    });
    return done;
  }

  /** Why its model is not trained; null where it may be. */
  get trainingRefusal(): string | null {
    const { managed } = this.record;
    return managed && trainingRefusal(managed);
  }

  status(profiles: CalibratedProfiles): object {
    const { serving, problem, training } = this;
    const { managed, windows, streak, implausible, transitions, learned, estimate, trial } = this.record;
    const last = windows.at(-1);
    return {
      policy: managed?.policy ?? null,
      model: serving && {
        name: modelName(serving),
        version: serving.version,
        step: serving.control.step,
        mode: serving.control.mode,
        reason: serving.control.reason,
      },
      windows: windows.length,
      streak: streak.length,
      implausible,
      transitions: transitions.length,
      learned,
      profile: last ? baseProfile(profiles, last).origin : null,
      estimate,
      trial,
      training,
      problem: problem ?? (serving && this.trainingRefusal),
    };
  }
}
