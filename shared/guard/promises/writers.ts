/** Promises about who writes: one scaler at a time, and what someone else set is reported. */
import type { Applied } from "../../core/decision.ts";
import { NOT_READ, SOMEONE_ELSE } from "../words.ts";
import { broken, follows, foundNote, isFreeze, kept, notAsked, wasSent, type Check } from "./case.ts";

/** Fencing numbers never fall as time goes on: a scaler that lost the lease decides no more. */
export const oneWriter: Check = ({ decision, earlier }) => {
  const { fencing, atMs, generation } = decision;
  if (fencing === null) return notAsked;
  // Instants of two generations do not compare; the record's own order does.
  const newer = earlier.findLast(
    (other) => (other.fencing ?? -1) > fencing && (other.generation !== generation || other.atMs <= atMs),
  );
  if (newer === undefined) return kept;
  return broken(`decided under fencing ${fencing} after ${newer.decisionId} under ${newer.fencing}`);
};

/** A count that moved between two decisions of one guard, not by its own doing, is reported as someone else's. */
export const othersReported: Check = ({ decision, earlier }) => {
  const before = earlier.at(-1);
  const ours = decision.mode === "auto" || decision.mode === "canary";
  if (before === undefined || !ours || before.mode !== decision.mode || !follows(decision, before)) return notAsked;
  const expected = wasSent(before) ? before.applied : before.current;
  const { current } = decision;
  if (wasUnread(before) || wasUnread(decision)) return notAsked;
  // From zero it is the gateway that scales when a call comes.
  if (expected === null || current === null || expected === current || expected === 0) return notAsked;
  return foundNote(decision, SOMEONE_ELSE)
    ? kept
    : broken(`found ${current} where ${expected} was left, and said nothing of it`);
};

/** While an operator froze the function nothing is sent, up or down. */
export const frozenStays: Check = ({ decision }) => {
  if (!isFreeze(decision)) return notAsked;
  const { current, desired } = decision;
  return desired === current && !wasSent(decision) ? kept : broken(`scaled ${current} to ${desired} while frozen`);
};

/** Nothing is asked of a platform but in the modes that let it. */
export const onlyWhereItMay: Check = ({ decision }) => {
  if (!wasSent(decision)) return notAsked;
  const { mode, desired } = decision;
  return mode === "auto" || mode === "canary" ? kept : broken(`asked for ${desired} in mode '${mode}'`);
};

const wasUnread = (decision: Applied): boolean => foundNote(decision, NOT_READ);
