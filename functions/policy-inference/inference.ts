/** Windows in, proposals out: one policy for each managed function, rebuilt from history whenever the chain of windows breaks. */
import { BadInputError } from "#shared/core/errors.ts";
import { withinPlatform, type Mode } from "#shared/core/managed-function.ts";
import type { PolicyAnswer, PolicyInput, ScalingPolicy } from "#shared/core/policy.ts";
import { decisionIdOf, type Proposal } from "#shared/core/proposal.ts";
import { isDecidable, type MetricsWindow } from "#shared/core/window.ts";
import { readHistory } from "#shared/events/history.ts";
import type { WindowClosed } from "#shared/events/types.ts";
import {
  CheckpointedMemoryPolicy,
  catchUp,
  firstRemembered,
  proposeCheckpointed,
} from "#shared/policies/checkpointed-memory.ts";
import { Recent, REMEMBERED } from "./recent.ts";
import { rulesOnly, type Assigning, type Proposing } from "./rules.ts";

interface About {
  readonly functionName: string;
  readonly seq: number;
}

/** What came of one window: a proposal, or why there is none. */
export type InferenceResult =
  | { readonly kind: "proposal"; readonly proposal: Proposal; readonly mode: Mode }
  /** The window cannot be decided on: absence means hold. */
  | ({ readonly kind: "no-data"; readonly missing: readonly string[] } & About)
  /** The policy cannot be used: nothing is proposed, and the fallback rule takes over. */
  | ({ readonly kind: "refused"; readonly because: string } & About)
  /** The model may not speak. */
  | ({ readonly kind: "withheld"; readonly because: string } & About);

/** Proposes for windows. */
export interface Inference {
  /** Steps each function's policy and remembers it. A window seen before gets the same answer again. */
  step(closed: readonly WindowClosed[]): Promise<readonly InferenceResult[]>;
  /** What is remembered, by function. */
  memory(): Readonly<Record<string, { readonly policy: string; readonly seq: number }>>;
}

interface Remembered {
  readonly key: string;
  readonly policy: ScalingPolicy;
  readonly generation: string;
  readonly seq: number;
  readonly result: InferenceResult;
}

/** A policy and the windows it has still to see; the last of them is the one to answer. */
interface Chain {
  readonly policy: ScalingPolicy;
  readonly inputs: readonly (PolicyInput | null)[];
}

/** What inference needs; `nowMs` is monotonic. */
export interface InferenceDeps {
  readonly assignments: Assigning;
  /** Milliseconds of a clock that nobody sets. */
  readonly nowMs: () => number;
  /** Runs what nobody waits for: the second memory of each policy, which is for windows to come. */
  readonly later?: (work: () => void) => void;
}

/** Inference with the policies of `assignments`. */
export function createInference({ assignments, nowMs, later = atOnce }: InferenceDeps): Inference {
  const remembered = new Recent<Remembered>({ ...REMEMBERED, nowMs });
  const memory: Memory = {
    recall({ window: { functionName, generation, seq } }, { key }) {
      const last = remembered.get(functionName);
      // Within one generation only: another may number other spans of time alike.
      const fits = last?.key === key && last.generation === generation && (last.seq === seq || last.seq === seq - 1);
      return fits ? last : null;
    },
    learned(functionName, { key }) {
      const last = remembered.get(functionName);
      return last?.key === key && last.result.kind === "proposal" ? last.result.proposal.target?.memory : undefined;
    },
    keep: (functionName, one) => remembered.set(functionName, one),
  };
  return {
    step: (closed) => answerAll(closed, assignments, memory, later),
    memory: () => Object.fromEntries(remembered.entries().map(([name, { key, seq }]) => [name, { policy: key, seq }])),
  };
}

/** What rules propose from history alone. Touches nothing that a signed call uses. */
export function previewRules(closed: readonly WindowClosed[]): Promise<readonly InferenceResult[]> {
  return answerAll(closed, rulesOnly, { recall: () => null, learned: () => undefined, keep: () => {} }, atOnce);
}

const atOnce = (work: () => void) => work();

interface Memory {
  recall(one: WindowClosed, assignment: Proposing): Remembered | null;
  /** What the function's policy had learned by its last proposal, where the chain of windows broke since. */
  learned(functionName: string, assignment: Proposing): PolicyInput["memory"];
  keep(functionName: string, remembered: Remembered): void;
}

async function answerAll(
  closed: readonly WindowClosed[],
  assignments: Assigning,
  { recall, learned, keep }: Memory,
  later: (work: () => void) => void,
): Promise<readonly InferenceResult[]> {
  const assigned = await Promise.all(closed.map((one) => assignmentOf(one, assignments)));
  const results = new Array<InferenceResult>(closed.length);
  for (const wave of wavesOf(closed)) {
    const chains: { readonly index: number; readonly chain: Chain; readonly key: string }[] = [];
    for (const index of wave) {
      const one = closed[index]!;
      const assignment = assigned[index]!;
      if ("kind" in assignment) {
        results[index] = assignment;
        continue;
      }
      const last = recall(one, assignment);
      if (last?.seq === one.window.seq) results[index] = last.result;
      else
        chains.push({
          index,
          key: assignment.key,
          chain: chainOf(one, assignment, last, () => learned(one.window.functionName, assignment)),
        });
    }
    const answers = answersOf(chains.map(({ chain }) => chain));
    later(() =>
      catchUp(chains.flatMap(({ chain: { policy } }) => (policy instanceof CheckpointedMemoryPolicy ? policy : []))),
    );
    chains.forEach(({ index, key, chain }, i) => {
      const one = closed[index]!;
      const result = resultOf(one, assigned[index] as Proposing, chain.policy, answers[i]!);
      results[index] = result;
      const { functionName, generation, seq } = one.window;
      keep(functionName, { key, policy: chain.policy, generation, seq, result });
    });
  }
  return results;
}

async function assignmentOf(
  { managed, window }: WindowClosed,
  assignments: Assigning,
): Promise<Proposing | InferenceResult> {
  const about = { functionName: window.functionName, seq: window.seq };
  try {
    const assignment = await assignments.of(managed);
    return assignment.withheld === null ? assignment : { kind: "withheld", ...about, because: assignment.withheld };
  } catch (thrown) {
    if (!(thrown instanceof BadInputError)) throw thrown;
    return { kind: "refused", ...about, because: thrown.message };
  }
}

/** Indices in their order, no function twice in a wave. */
function wavesOf(closed: readonly WindowClosed[]): number[][] {
  const waves: number[][] = [];
  const met = new Map<string, number>();
  closed.forEach(({ window: { functionName } }, index) => {
    const wave = met.get(functionName) ?? 0;
    met.set(functionName, wave + 1);
    (waves[wave] ??= []).push(index);
  });
  return waves;
}

/** One window where the chain goes on; all that may be remembered where it begins. */
function chainOf(
  closed: WindowClosed,
  { make }: Proposing,
  last: Remembered | null,
  learned: () => PolicyInput["memory"],
): Chain {
  const { window, history } = closed;
  const managed = withinPlatform(closed.managed);
  const input = (one: MetricsWindow, memory?: PolicyInput["memory"]): PolicyInput | null =>
    isDecidable(one) ? { window: one, managed, nowMs: one.endedAtMs, memory } : null;
  if (last) return { policy: last.policy, inputs: [input(window)] };
  const policy = make();
  const first = policy instanceof CheckpointedMemoryPolicy ? firstRemembered(window.seq) : 0;
  const { generation } = window;
  const seen = readHistory(history).filter(
    (one) => one.generation === generation && one.seq >= first && one.seq < window.seq,
  );
  return {
    policy,
    inputs: [...seen.map((one) => input(one)), input(window, closed.control?.target.memory ?? learned())],
  };
}

/** What each chain answers to its last window; learned policies step together, as many functions as there are in one go. */
function answersOf(chains: readonly Chain[]): readonly (PolicyAnswer | null)[] {
  const answers = new Array<PolicyAnswer | null>(chains.length).fill(null);
  const longest = Math.max(0, ...chains.map(({ inputs }) => inputs.length));
  for (let back = longest; back >= 1; back--) {
    const learned: {
      readonly index: number;
      readonly policy: CheckpointedMemoryPolicy;
      readonly input: PolicyInput;
    }[] = [];
    chains.forEach(({ policy, inputs }, index) => {
      const input = inputs.at(-back) ?? null;
      if (back > inputs.length || input === null) return;
      if (policy instanceof CheckpointedMemoryPolicy) learned.push({ index, policy, input });
      else answers[index] = lastOnly(back, policy.propose(input));
    });
    if (learned.length === 0) continue;
    const said = proposeCheckpointed(learned);
    learned.forEach(({ index }, i) => (answers[index] = lastOnly(back, said[i]!)));
  }
  return answers;
}

function lastOnly(back: number, answer: PolicyAnswer): PolicyAnswer | null {
  return back === 1 ? answer : null;
}

function resultOf(
  { window }: WindowClosed,
  { mode, isAdvice }: Proposing,
  policy: ScalingPolicy,
  answer: PolicyAnswer | null,
): InferenceResult {
  const { functionName, namespace, generation, seq, endedAtMs } = window;
  if (!answer) return { kind: "no-data", functionName, seq, missing: window.missing };
  const { learned } = answer;
  // Weights that are each finite may still overflow together; the result is not a recommendation.
  if (learned && !(Number.isFinite(learned.logProbability) && Number.isFinite(learned.value))) {
    const { name, version } = policy.identity;
    const because = `model '${name} ${version}' computes no finite number from this window`;
    return { kind: "refused", functionName, seq, because };
  }
  const proposal: Proposal = {
    decisionId: decisionIdOf(functionName, endedAtMs, generation),
    functionName,
    namespace,
    generation,
    seq,
    endedAtMs,
    policy: policy.identity,
    proposedReplicas: answer.proposedReplicas,
    because: answer.because,
    learned: learned ?? null,
    ...(answer.target && { target: answer.target }),
    ...(isAdvice && { isAdvice }),
  };
  return { kind: "proposal", proposal, mode };
}
