/** One function in the trainer's care: its record, the model that stands, and what is being done about it; and all that told as a status. */
import { trainingRefusal } from "#shared/core/managed-function.ts";
import { messageOf } from "#shared/core/errors.ts";
import type { Log } from "#shared/host/log.ts";
import type { FunctionRecord } from "./function-record.ts";
import { baseProfile, type CalibratedProfiles } from "./profiles.ts";
import { modelName, type Standing } from "./standing.ts";

export interface Careful {
  readonly record: FunctionRecord;
  standing: Standing | null;
  /** Why there is no standing model; null where there is one, or a rule. */
  problem: string | null;
  training: string | null;
  /** Estimates and switches of a function, one after the other. */
  turn: Promise<void>;
}

/** After all that was begun for the function before. */
export function inTurn(one: Careful, say: Log, work: () => Promise<void>): Promise<void> {
  const done = one.turn.then(work);
  one.turn = done.catch((thrown: unknown) => {
    one.problem = messageOf(thrown);
    say.warn({ functionName: one.record.functionName, problem: one.problem }, "could not judge or switch");
  });
  return done;
}

/** Why its model is not trained; null where it may be. */
export function rangeRefusal({ managed }: FunctionRecord): string | null {
  return managed && trainingRefusal(managed);
}

export function statusOf({ record, standing, problem, training }: Careful, profiles: CalibratedProfiles): object {
  const { managed, windows, streak, implausible, transitions, learned, estimate, trial } = record;
  const last = windows.at(-1);
  return {
    policy: managed?.policy ?? null,
    model: standing && {
      name: modelName(standing),
      version: standing.version,
      step: standing.control.step,
      mode: standing.control.mode,
      reason: standing.control.reason,
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
    problem: problem ?? (standing && rangeRefusal(record)),
  };
}
