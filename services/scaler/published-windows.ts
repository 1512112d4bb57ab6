/**
 * The last windows as the collector published them: a proposal is taken for one of these, and decided on that, not on what it brings
 * along. One that is quicker than its window waits for it.
 */
import type { MetricsWindow } from "#shared/core/window.ts";
import type { ProposalMade, WindowClosed } from "#shared/events/types.ts";

/** A proposal later than this many windows is too late anyway. */
const REMEMBERED_WINDOWS = 4;
/** Of one function; a fifth pushes out the first. */
const MAX_WAITING = 4;

/** Without its history, which nobody here asks for: of a hundred functions it would fill the memory. */
export type PublishedWindow = Pick<WindowClosed, "managed" | "window" | "control">;

/** What a proposal's window is among those that the collector published. */
export type Match =
  | { readonly kind: "found"; readonly published: PublishedWindow }
  /** It may be on its way: the proposal is kept, and comes out with it. */
  | { readonly kind: "waits" }
  /** The window of that number was another one. */
  | { readonly kind: "other"; readonly field: string };

/** What a proposal's window must have in common with the collector's. */
const COMPARED = [
  "endedAtMs",
  "windowSeconds",
  "arrivals",
  "inFlightMax",
  "desiredReplicas",
  "availableReplicas",
] as const;

/** The last windows of each function, and the proposals that wait for one. */
export class PublishedWindows {
  readonly #byFunction = new Map<string, readonly PublishedWindow[]>();
  readonly #waiting = new Map<string, readonly ProposalMade[]>();

  /** Answers the proposals that waited for it. */
  add(published: PublishedWindow): readonly ProposalMade[] {
    const { functionName } = published.window;
    const before = this.#byFunction.get(functionName) ?? [];
    if (before.some(({ window }) => isSame(window, published.window))) return [];
    this.#byFunction.set(functionName, [...before, published].slice(-REMEMBERED_WINDOWS));
    const waiting = this.#waiting.get(functionName) ?? [];
    const left = waiting.filter(({ window }) => !isSame(published.window, window));
    this.#waiting.set(functionName, left);
    return waiting.filter((one) => !left.includes(one));
  }

  match(made: ProposalMade): Match {
    const { proposal, window } = made;
    const seen = this.#byFunction.get(proposal.functionName) ?? [];
    const published = seen.findLast((one) => isSame(one.window, window));
    if (published === undefined) {
      const waiting = [...(this.#waiting.get(proposal.functionName) ?? []), made];
      this.#waiting.set(proposal.functionName, waiting.slice(-MAX_WAITING));
      return { kind: "waits" };
    }
    const field = COMPARED.find((name) => published.window[name] !== window[name]);
    if (field !== undefined) return { kind: "other", field: `window.${field}` };
    if (proposal.seq !== window.seq) return { kind: "other", field: "proposal.seq" };
    if (proposal.endedAtMs !== window.endedAtMs) return { kind: "other", field: "proposal.endedAtMs" };
    return { kind: "found", published };
  }

  /** Forgets functions that are managed no longer. */
  keepOnly(isListed: (functionName: string) => boolean): void {
    for (const known of [this.#byFunction, this.#waiting]) {
      for (const name of known.keys()) if (!isListed(name)) known.delete(name);
    }
  }
}

/** A part from before there were generations hands a window on without its own. */
function isSame(published: MetricsWindow, asked: MetricsWindow): boolean {
  return published.seq === asked.seq && (asked.generation === "" || asked.generation === published.generation);
}
