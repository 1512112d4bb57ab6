/** Who plays a training, and the engine that learns: simulations on threads, or a running platform. */
import { startWorkerThread } from "../adapters/worker-thread.ts";
import type { AgentSettings } from "../rl/agents.ts";
import type { Engine } from "../rl/engine/types.ts";
import { localCollector } from "../rl/rollout/local.ts";
import type { RolloutCollector } from "../rl/rollout/types.ts";
import type { TrainingTrace } from "../traces/training-loads.ts";
import { threadCollector } from "./collect.ts";
import { makeEngine } from "./engine.ts";
import type { TrainingPlan } from "./plan.ts";
import { makeTask } from "./tasks.ts";

/** A running function borrowed for a training. */
export interface LivePlace {
  readonly functionName: string;
  collectorFor(engine: Engine): RolloutCollector;
  /** Windows that were not what the agent did, so far. */
  counts(): { readonly steps: number; readonly ruled: number; readonly lost: number };
  /** Stops the load and gives the function back. */
  close(): Promise<void>;
}

/** What a live training needs of the platform. */
export interface LivePlaceOptions {
  /** Null: the first that is managed. */
  readonly functionName: string | null;
  readonly settings: AgentSettings;
  readonly seed: string;
  /** By the names of the command line: the load generator gets the files behind them. */
  readonly traces: readonly (TrainingTrace & { readonly name: string })[];
}

/** Where players come from. */
export interface PlayersWorld {
  /** The bundle of `rollout-thread.ts`. */
  readonly threadScript: string;
  /** Of `env: "live"`. Rejects with `BadInputError`, with everything as it was. */
  readonly openLive: (options: LivePlaceOptions) => Promise<LivePlace>;
}

/** Those of one training, at the place where it begins. */
export interface Players {
  readonly engine: Engine;
  readonly collector: RolloutCollector;
  /** Null in the simulator. */
  readonly live: LivePlace | null;
}

/** Opens them for as long as `use` takes, and closes them whatever comes of it. */
export async function withPlayers<T>(
  plan: TrainingPlan,
  { openLive, threadScript }: PlayersWorld,
  use: (players: Players) => Promise<T>,
): Promise<T> {
  const { options, tasks, start } = plan;
  const { settings, network, traces } = plan.record;
  const closers: (() => void | Promise<void>)[] = [];
  try {
    const named = tasks.traces.map((trace, i) => ({ ...trace, name: traces[i]!.name }));
    const live = options.env === "sim" ? null : await openLive({ ...options, settings, traces: named });
    if (live) closers.push(() => live.close());
    const helpers = { count: options.workers - 1, startThread: startWorkerThread };
    const engine = await makeEngine(options.engine, network, start.weights, helpers);
    closers.push(() => engine.close());
    const collector = live?.collectorFor(engine) ?? simulations(plan, engine, threadScript);
    closers.push(() => collector.close());
    if (start.optimiser) engine.setOptimiser(start.optimiser);
    if (start.state.places !== null) await collector.restore(start.state.places);
    return await use({ engine, collector, live });
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** Played here alone, or with further threads. */
function simulations({ options, tasks }: TrainingPlan, engine: Engine, script: string): RolloutCollector {
  const { environments } = tasks.settings.hyperparameters;
  const { seed, workers } = options;
  if (workers === 1) {
    return localCollector({ engine, environments, seed, makeEnvironment: (index) => makeTask(tasks, index) });
  }
  const data = { plan: tasks, seed, engine: options.engine, spec: engine.spec, weights: engine.getWeights() };
  return threadCollector({ script, threads: workers, environments, engine, data });
}
