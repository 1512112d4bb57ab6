/** When the fallback rule proposes in the policy's place. */

/** Which window closed, and which of them a proposal has answered. */
export interface ProposalsSoFar {
  /** The window just closed. */
  readonly windowSeq: number;
  /** The window answered by the last proposal that came; null before the first. */
  readonly lastProposalSeq: number | null;
  /** The first window seen since the start: windows before it need no answer. */
  readonly firstWindowSeq: number;
}

/** `wait`: the proposal for this window may still come; hold until then. */
export type TriggerChoice = "proposal" | "fallback" | "wait";

/**
 * The window's own proposal if it is there; the fallback rule once `fallbackAfterWindows` windows in a row, this one
 * included, have none; else wait.
 */
export function chooseTrigger(
  { windowSeq, lastProposalSeq, firstWindowSeq }: ProposalsSoFar,
  { fallbackAfterWindows }: { readonly fallbackAfterWindows: number },
): TriggerChoice {
  if (lastProposalSeq === windowSeq) return "proposal";
  // A seq below one already seen: the collector began to count from 1 again, and nothing of that count is answered.
  const countedAnew = windowSeq < firstWindowSeq || windowSeq < (lastProposalSeq ?? 0);
  const answeredSeq = countedAnew ? 0 : Math.max(firstWindowSeq - 1, lastProposalSeq ?? 0);
  return windowSeq - answeredSeq >= fallbackAfterWindows ? "fallback" : "wait";
}
