/** A running function borrowed for a training: no policy proposes, a load runs, and everything is put back at the end. */
import { systemClock as clock } from "../../adapters/system-clock.ts";
import { BadInputError, messageOf } from "../../core/errors.ts";
import { EXTERNAL } from "../../policies/reference.ts";
import type { Engine } from "../../rl/engine/types.ts";
import { liveCollector } from "../../rl/rollout/live.ts";
import type { RolloutCollector } from "../../rl/rollout/types.ts";
import type { AgentSettings } from "../../rl/agents.ts";
import { borrowFunction } from "../borrow-function.ts";
import { managedOn, openPlatform } from "../platform.ts";
import { LiveScalingEnvironment, type LiveCounts } from "./environment.ts";
import { startLiveLoad, type LiveLoadOptions } from "./load.ts";
import { openWindows } from "./windows.ts";

/** A training's hold on a function. */
export interface LiveSession {
  readonly functionName: string;
  readonly timeLapse: number;
  collectorFor(engine: Engine): RolloutCollector;
  readonly counts: () => LiveCounts;
  /** Stops the load and gives the function back. */
  close(): Promise<void>;
}

/** The function and the load of a training. */
export interface LiveSessionOptions {
  readonly home: string;
  readonly functionName: string | null;
  readonly settings: AgentSettings;
  readonly traces: LiveLoadOptions["traces"];
  readonly seed: string;
  readonly say: (line: string) => void;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Rejects with `BadInputError` in one sentence, with everything as it was. */
export async function openSession(options: LiveSessionOptions): Promise<LiveSession> {
  const { settings, signal, say, seed } = options;
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  const failed = new AbortController();
  const ending = AbortSignal.any([signal, failed.signal]);
  try {
    const platform = await openPlatform(options.home, "external", say);
    closers.push(() => platform.close());
    const managed = await managedOn(platform, options.functionName);
    const { functionName, policy } = managed;
    const borrowed = await borrowFunction(platform, managed);
    closers.push(() => borrowed.giveBack(say));
    const { bus, traceTime } = platform;
    const onFailure = (thrown: unknown) => failed.abort(new BadInputError(`the load ended: ${messageOf(thrown)}`));
    const load = await startLiveLoad({ platform, managed, clock, say, onFailure, seed, traces: options.traces });
    closers.push(() => load.stop());
    await borrowed.setPolicy(EXTERNAL, ending);
    const windows = await openWindows({
      ...{ bus, clock, functionName, timeLapse: traceTime.timeLapse, signal: ending },
      policy: { name: `${settings.agent}@${settings.form}`, version: "learning" },
    });
    closers.push(() => windows.close());
    const environment = new LiveScalingEnvironment({ settings, managed, windows });
    say(
      `learning on '${functionName}', time-lapse ${traceTime.timeLapse}; its policy '${policy}' comes back at the end`,
    );
    return {
      functionName,
      timeLapse: traceTime.timeLapse,
      collectorFor: (engine) => liveCollector({ engine, environment, seed }),
      counts: () => environment.counts,
      close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}
