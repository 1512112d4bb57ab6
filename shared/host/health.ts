/** Is a part that is alive also well? Asked by `?health`, reported in every status and as metrics. */
import type { Activity } from "./activity.ts";

/** Whether a part is well, and the sentences that say why not. */
export interface Health {
  readonly ok: boolean;
  /** A sentence each. */
  readonly problems: readonly string[];
  /** Worth knowing, and no reason to say that the part is not well. */
  readonly warnings: readonly string[];
}

/** What a part's health is computed from. */
export interface Watched {
  readonly activity: Activity;
  /** Absent where the part has no bus. */
  readonly bus?: { state(): string };
  /** Asked each time: what the part itself has to complain of. */
  readonly problems?: () => readonly string[];
  readonly warnings?: () => readonly string[];
}

/** Several hundred sentences help nobody. */
const MAX_SENTENCES = 50;

/** The health of a part now; at most 50 sentences of each kind. */
export function healthOf({ activity, bus, problems, warnings }: Watched): Health {
  const state = bus?.state() ?? "connected";
  const found = [
    ...(state === "connected" ? [] : [`the bus is ${state === "reconnecting" ? "away: reconnecting" : state}`]),
    ...(problems?.() ?? []),
    ...activity.problems(),
  ];
  return { ok: found.length === 0, problems: few(found), warnings: few(warnings?.() ?? []) };
}

function few(sentences: readonly string[]): readonly string[] {
  if (sentences.length <= MAX_SENTENCES) return sentences;
  return [...sentences.slice(0, MAX_SENTENCES), `and ${sentences.length - MAX_SENTENCES} more`];
}
