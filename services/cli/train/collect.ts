/** Shards played by threads: sent to them in a fixed share, their rollouts put back in the shards' order. */
import { startWorker, type WorkerThread } from "#shared/adapters/rollout-workers.ts";
import type { NetworkSpec, Weights } from "#shared/rl/engine/network.ts";
import type { Collector, RoundOrder, ShardPlace, ShardRollout } from "#shared/rl/rollout/types.ts";
import { shardsOf } from "#shared/rl/rollout/local.ts";
import type { TaskPlan } from "./tasks.ts";

export type EngineName = "wasm" | "tfjs";

export interface ThreadData {
  readonly plan: TaskPlan;
  readonly seed: number | string;
  readonly engine: EngineName;
  readonly spec: NetworkSpec;
  readonly weights: Weights;
  readonly shards: readonly { readonly first: number; readonly count: number }[];
}

export type ThreadQuestion =
  | { readonly kind: "collect"; readonly order: RoundOrder }
  | { readonly kind: "restore"; readonly places: readonly ShardPlace[] };

type Thread = WorkerThread<ThreadQuestion, readonly ShardRollout[]>;

/** `script` is the bundled rollout thread. No more threads than shards are started. */
export function threadCollector(
  script: string,
  threads: number,
  environments: number,
  data: Omit<ThreadData, "shards">,
): Collector {
  const shards = shardsOf(environments);
  const count = Math.min(threads, shards.length);
  const playing: Thread[] = Array.from({ length: count }, (_, thread) =>
    startWorker(script, { ...data, shards: shards.filter((_shard, i) => i % count === thread) }),
  );
  /** Every thread's shards, in the order of all. */
  const merged = <T>(answers: readonly (readonly T[])[]): T[] =>
    shards.map((_shard, i) => answers[i % count]![Math.floor(i / count)]!);
  return {
    collect: async (order) =>
      merged(await Promise.all(playing.map((thread) => thread.ask({ kind: "collect", order })))),
    restore: async (places) => {
      const share = (thread: number) => places.filter((_place, i) => i % count === thread);
      await Promise.all(playing.map((thread, i) => thread.ask({ kind: "restore", places: share(i) })));
    },
    close: async () => {
      await Promise.all(playing.map((thread) => thread.close()));
    },
  };
}
