/** Keeps one program running: when it ends, it is started again, with growing pauses while that does not help. */
import { systemClock } from "#shared/adapters/system-clock.ts";
import { messageOf } from "#shared/core/errors.ts";
import type { Guardian } from "../provider/guardian.ts";
import type { Running } from "./program.ts";

/** What is to be kept running. */
export interface SupervisorOptions {
  readonly name: string;
  readonly start: () => Promise<Running>;
  readonly log: (line: string) => void;
  readonly guardian?: Pick<Guardian, "watch" | "release"> | undefined;
}

/** A program that is kept running. */
export interface Supervised {
  /** Null between an end and the next start. */
  pid(): number | null;
  restarts(): number;
  close(): Promise<void>;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;
/** Who ran this long failed for a new reason. */
const HEALTHY_MS = 10_000;

/** Rejects when the first start fails. */
export async function supervise({ name, start, log, guardian }: SupervisorOptions): Promise<Supervised> {
  const closing = new AbortController();
  let current: Running | null = null;
  let restarts = 0;

  // A guardian also covers SIGKILL; without one, this covers at least every orderly end of this process.
  const atExit = () => current?.kill();

  async function begin(): Promise<Running> {
    const next = await start();
    current = next;
    guardian?.watch(next.pid);
    return next;
  }

  async function keep(first: Running): Promise<void> {
    let failures = 0;
    for (let program: Running | null = first; program;) {
      const startedAtMs = systemClock.nowMs();
      const why = await program.ended;
      current = null;
      guardian?.release(program.pid);
      if (closing.signal.aborted) return;
      failures = systemClock.nowMs() - startedAtMs > HEALTHY_MS ? 1 : failures + 1;
      log(`${name} ${why}; starting it again`);
      program = null;
      while (!program && !closing.signal.aborted) {
        const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10));
        await systemClock.sleep(pauseMs, closing.signal);
        if (closing.signal.aborted) return;
        try {
          program = await begin();
          restarts++;
        } catch (thrown) {
          failures++;
          log(`${name} did not start again: ${messageOf(thrown)}`);
        }
      }
      if (closing.signal.aborted) await program?.stop();
    }
  }

  const kept = keep(await begin());
  process.on("exit", atExit);
  return {
    pid: () => current?.pid ?? null,
    restarts: () => restarts,
    async close() {
      closing.abort();
      await current?.stop();
      await kept;
      process.off("exit", atExit);
    },
  };
}
