/** Calls the stress function in closed loops: a caller calls again when it was answered. */
import { createSender, type Sender } from "../../load/sender.ts";

/** How one call ended, and after how many real seconds. */
export interface Answered {
  readonly ok: boolean;
  readonly seconds: number;
}

/** Calls one function over connections that stay open. */
export interface Caller {
  /** Burns so much CPU in the function; never rejects. */
  call(cpuMs: number): Promise<Answered>;
  close(): void;
}

/** Longer than any call of the ladders may take. */
const GIVE_UP_MS = 30_000;

/** The caller of the stress function at `url`. */
export function createCaller(url: string): Caller {
  const sender: Sender = createSender(url, {}, () => performance.now());
  return {
    call: (cpuMs) =>
      new Promise((resolve) => {
        const startMs = performance.now();
        const giveUp = sender.send(JSON.stringify({ cpuMs }), ({ errorClass, endMs }) => {
          clearTimeout(timer);
          resolve({ ok: errorClass === null, seconds: (endMs - startMs) / 1_000 });
        });
        const timer = setTimeout(giveUp, GIVE_UP_MS);
      }),
    close: () => sender.close(),
  };
}

/** `callers` loops for `seconds`; the rate of good answers that came in that time. */
export async function closedLoops(
  caller: Caller,
  { cpuMs, callers, seconds }: { readonly cpuMs: number; readonly callers: number; readonly seconds: number },
  signal: AbortSignal,
): Promise<{ readonly rps: number; readonly failed: number }> {
  const startMs = performance.now();
  const endMs = startMs + seconds * 1_000;
  let answered = 0;
  let failed = 0;
  const loop = async () => {
    while (performance.now() < endMs && !signal.aborted) {
      const { ok } = await caller.call(cpuMs);
      if (performance.now() > endMs) break;
      if (ok) answered++;
      else failed++;
    }
  };
  await Promise.all(Array.from({ length: callers }, loop));
  return { rps: answered / seconds, failed };
}
