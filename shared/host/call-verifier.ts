/** Who may change something: a call that is signed and was not taken before, by this replica or by another one. */
import { messageOf } from "../core/errors.ts";
import type { SignatureMemory } from "../ports/signature-memory.ts";
import { checkSignature, SIGNATURE_LIFE_MS, type SignedCall, type Verdict } from "./signature.ts";

/** A verdict in two steps: by this replica alone, and by all. */
export interface Judgement {
  /** What this replica knows by itself, at once: signed by one of the keys, lately, and not taken here before. */
  readonly verdict: Verdict;
  /** The same, and no other replica has taken it. Never rejects. */
  readonly once: Promise<Verdict>;
}

/** What a verifier needs: keys, a clock and a log. */
export interface VerifierDeps {
  readonly keys: () => readonly string[];
  /** Milliseconds of a clock that nobody sets. */
  readonly monotonicMs: () => number;
  readonly log: (message: string) => void;
}

/** How signatures are remembered, for the status. */
export interface VerifierStatus {
  /** Where replicas share what they have taken, or that each has only its own memory. */
  readonly memory: string;
  /** Why the shared memory could not be asked at the last try. */
  readonly lastProblem: string | null;
}

/** What becomes of a call while the shared memory, which may hold it from before this replica's start, cannot be asked. */
export type InDoubt =
  | "refuse"
  /** For orders that must not wait for a bus: taken, unless the call is from before the start or the caller's clock is ahead. */
  | "take";

/** A signature lives on both sides of its time stamp. */
const REMEMBERED_MS = 2 * SIGNATURE_LIFE_MS;
/** So many are remembered however old they are: a clock that is set back makes none of them good again. */
const MIN_REMEMBERED = 4_096;
/** After a try in vain the shared memory is left alone for so long. */
const PAUSE_MS = 2_000;
/** Clocks that are well kept differ by less. */
const AHEAD_TOLERANCE_MS = 100;
/** Clocks are not that exact; and no process is up within both of these after the one before it has taken its last call. */
const START_TOLERANCE_MS = 10;
const MAX_OWED = 1_000;

/**
 * Replicas share their memory where there is one. While it cannot be asked, calls are still taken: each replica has its own
 * memory, refuses what the one before it may have taken (a replica that was started anew cannot know), and updates the shared
 * memory later. A call's age is by the wall clock of now, its own age by a monotonic one: no step of a clock can close the
 * door for longer than a signature lives.
 */
export class CallVerifier {
  readonly #startedMs: number;
  /** By signature: when it may be forgotten, monotonic. In the order of their coming. */
  readonly #taken = new Map<string, number>();
  #shared: SignatureMemory | null = null;
  #inDoubt: InDoubt = "refuse";
  #pausedUntilMs = -Infinity;
  #lastProblem: string | null = null;
  /** Taken while the shared memory could not be asked. */
  #owed: { readonly signature: string; readonly untilMs: number }[] = [];

  constructor(readonly deps: VerifierDeps) {
    this.#startedMs = deps.monotonicMs();
  }

  /** From now on replicas remember together. */
  share(memory: SignatureMemory, inDoubt: InDoubt = "refuse"): void {
    this.#shared = memory;
    this.#inDoubt = inDoubt;
  }

  status(): VerifierStatus {
    return { memory: this.#shared?.place ?? "each replica by itself", lastProblem: this.#lastProblem };
  }

  /** How many signatures are remembered here. */
  get remembered(): number {
    return this.#taken.size;
  }

  judge(call: SignedCall): Judgement {
    const nowMs = this.deps.monotonicMs();
    const checked = checkSignature(this.deps.keys(), call);
    if (!checked.ok) return refused(checked.because);
    const { signature, ageMs } = checked;
    if (this.#taken.has(signature)) return refused("the signature was used before");
    this.#forget(nowMs);
    this.#taken.set(signature, nowMs + REMEMBERED_MS);
    return { verdict: { ok: true }, once: this.#once(signature, ageMs, nowMs) };
  }

  async #once(signature: string, ageMs: number, nowMs: number): Promise<Verdict> {
    const shared = this.#shared;
    const upMs = nowMs - this.#startedMs;
    // A young replica has more to lose by not asking than its caller by waiting.
    if (shared !== null && (nowMs >= this.#pausedUntilMs || upMs < SIGNATURE_LIFE_MS)) {
      try {
        const answer = await shared.note(signature);
        this.#isBack(shared);
        return answer === "new" ? { ok: true } : { ok: false, because: "the signature was used before" };
      } catch (thrown) {
        this.#isAway(shared, messageOf(thrown));
      }
    }
    const doubt =
      shared === null || this.#inDoubt === "take" ? doubtAlone(ageMs, upMs) : doubtMeanwhile(ageMs, upMs, shared);
    if (doubt !== null) return { ok: false, because: doubt };
    if (shared !== null && this.#owed.length < MAX_OWED) this.#owed.push({ signature, untilMs: nowMs + REMEMBERED_MS });
    return { ok: true };
  }

  #isAway({ place }: SignatureMemory, problem: string): void {
    if (this.#lastProblem === null) {
      this.deps.log(`signatures are remembered by each replica alone: the ${place} could not be asked (${problem})`);
    }
    this.#lastProblem = problem;
    this.#pausedUntilMs = this.deps.monotonicMs() + PAUSE_MS;
  }

  #isBack(shared: SignatureMemory): void {
    if (this.#lastProblem !== null) this.deps.log(`signatures are remembered in the ${shared.place} again`);
    this.#lastProblem = null;
    const nowMs = this.deps.monotonicMs();
    const owed = this.#owed.filter(({ untilMs }) => untilMs > nowMs);
    this.#owed = [];
    for (const { signature } of owed) void shared.note(signature).catch(() => {});
  }

  /** The oldest are first, so that each is looked at once. */
  #forget(nowMs: number): void {
    for (const [signature, untilMs] of this.#taken) {
      if (this.#taken.size < MIN_REMEMBERED || untilMs > nowMs) return;
      this.#taken.delete(signature);
    }
  }
}

/**
 * Nobody shares a memory with this replica: what was taken before its start was taken by one like it, and so never while the
 * caller's clock was ahead. Taken once, such a call would be good again as soon as its time has come.
 */
function doubtAlone(ageMs: number, upMs: number): string | null {
  if (ageMs < -AHEAD_TOLERANCE_MS) {
    const ahead = (-ageMs / 1_000).toFixed(1);
    return `the call's time is ${ahead} s ahead of this clock, and no shared memory can be asked: set the caller's clock and sign it anew`;
  }
  return ageMs > upMs + START_TOLERANCE_MS ? "the call was signed before this replica was started: sign it anew" : null;
}

/**
 * The memory that cannot be asked now may hold the call, taken before this replica was started, by a clock that was up to a
 * life of signatures ahead of this one.
 */
function doubtMeanwhile(ageMs: number, upMs: number, { place }: SignatureMemory): string | null {
  const waitMs = ageMs + SIGNATURE_LIFE_MS - upMs - START_TOLERANCE_MS;
  if (waitMs <= 0) return null;
  return (
    `this replica was started lately, and until the ${place} can be asked it does not know what was taken before: ` +
    `sign the call anew, in ${Math.ceil(waitMs / 1_000)} s at the latest`
  );
}

function refused(because: string): Judgement {
  const verdict = { ok: false, because } as const;
  return { verdict, once: Promise.resolve(verdict) };
}
