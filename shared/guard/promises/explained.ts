/** Promises about the record of a decision: every stage in its order, each change with its reason, from one window, once. */
import { GUARD_STAGES } from "../../core/decision.ts";
import { broken, isHeld, kept, notAsked, type Check } from "./case.ts";

/** Every stage is in its order with its number, each change has a note, and the reason begins with the old and new count. */
export const explained: Check = ({ decision }) => {
  const { stages, reason, current, desired, applied } = decision;
  if (reason.trim() === "") return broken("it has no reason");
  if (current === null) return stages.length === 0 ? kept : broken("it has stages though the count is not known");
  const names = stages.map(({ stage }) => stage);
  if (names.join() !== GUARD_STAGES.join()) return broken(`its stages are ${names.join(", ") || "missing"}`);
  if (stages[0]!.replicas !== current) return broken(`its first stage says ${stages[0]!.replicas}, not ${current}`);
  const silent = stages.find(
    ({ replicas, note }, at) => at > 0 && note === null && replicas !== stages[at - 1]!.replicas,
  );
  if (silent) return broken(`its stage '${silent.stage}' changes the count to ${silent.replicas} without a reason`);
  const bounded = stages.at(-2)!;
  if (bounded.replicas !== desired) return broken(`its last stage says ${bounded.replicas}, not ${desired}`);
  if (applied !== null && stages.at(-1)!.replicas !== applied) {
    return broken(`it says that ${stages.at(-1)!.replicas} was applied, not ${applied}`);
  }
  const head = desired === current ? String(current) : `${current} → ${desired}`;
  return reason.startsWith(head) ? kept : broken(`its reason does not begin with '${head}': ${reason}`);
};

/** Decided on a window (or tick) that the collector reported, with the proposal that was made for it. */
export const belongs: Check = ({ decision, window, tick, ticks, proposals, covered }) => {
  const { seq, trigger, policy, proposed, functionName } = decision;
  if (seq === null) {
    if (tick !== null) return kept;
    return covered && ticks.length > 0 ? broken("no tick of the record is the one decided on") : notAsked;
  }
  if (window === null) return covered ? broken("no window of the record is the one decided on") : notAsked;
  if (window.seq !== seq || window.functionName !== functionName) {
    return broken(`decided on window ${seq}, but the one of that id is ${window.functionName}'s window ${window.seq}`);
  }
  if (window.generation !== decision.generation) {
    return broken(`it is of generation '${decision.generation}', its window of '${window.generation}'`);
  }
  if (trigger !== "proposal" || proposals === null) return kept;
  const made = proposals.some(
    (one) =>
      // What a target comes to depends on ticks, too.
      (isHeld(decision) || one.proposedReplicas === proposed) &&
      one.policy.name === policy.name &&
      one.policy.version === policy.version,
  );
  return made ? kept : broken(`no proposal of the record is ${policy.name}'s for ${proposed} replicas`);
};
