/** Shards played by threads, this one among them, in fixed shares; their rollouts are put back in the shards' order. */
import { startWorker, type WorkerThread } from "../adapters/workers.ts";
import type { NetworkSpec, Weights } from "../rl/engine/network.ts";
import type { RolloutCollector, RoundOrder, ShardPlace, ShardRollout } from "../rl/rollout/types.ts";
import type { Engine } from "../rl/engine/types.ts";
import { shardsOf } from "../rl/rollout/local.ts";
import { Shard } from "../rl/rollout/shard.ts";
import { makeTask, type TaskPlan } from "./tasks.ts";

/** The engines that can train. */
export type EngineName = "wasm" | "tfjs";

/** What a rollout thread is started with. */
export interface ThreadData {
  readonly plan: TaskPlan;
  readonly seed: number | string;
  readonly engine: EngineName;
  readonly spec: NetworkSpec;
  readonly weights: Weights;
  readonly shards: readonly { readonly first: number; readonly count: number }[];
}

/** What a rollout thread is asked. */
export type ThreadQuestion =
  | { readonly kind: "collect"; readonly order: RoundOrder }
  | { readonly kind: "restore"; readonly places: readonly ShardPlace[] };

type Thread = WorkerThread<ThreadQuestion, readonly ShardRollout[]>;

/** How environments are played on several threads. */
export interface ThreadCollectorOptions {
  /** The bundled rollout thread. */
  readonly script: string;
  /** This one included; more than there are shards find nothing to do. */
  readonly threads: number;
  readonly environments: number;
  /** Plays here, with the weights of each order. */
  readonly engine: Engine;
  readonly data: Omit<ThreadData, "shards">;
}

/** Collects rollouts on several threads; the result does not depend on how many. */
export function threadCollector({
  script,
  threads,
  environments,
  engine,
  data,
}: ThreadCollectorOptions): RolloutCollector {
  const shards = shardsOf(environments);
  const count = Math.min(threads, shards.length);
  const shareOf = (thread: number) => shards.filter((_shard, i) => i % count === thread);
  const here = shardsIn({ ...data, shards: shareOf(0) });
  const playing: Thread[] = Array.from({ length: count - 1 }, (_, i) =>
    startWorker(script, { ...data, shards: shareOf(i + 1) }),
  );
  /** Every thread's shards, in the order of all. */
  const merged = <T>(answers: readonly (readonly T[])[]): T[] =>
    shards.map((_shard, i) => answers[i % count]![Math.floor(i / count)]!);
  const shared = sharedLike(data.weights);
  return {
    async collect({ weights, ...order }) {
      // The engine here has them already: it is the one that learns.
      // Threads only read them, and have done so when their answers are there: a copy for each, each round, would be garbage.
      weights.forEach((tensor, i) => shared[i]!.set(tensor));
      const question: ThreadQuestion = { kind: "collect", order: { ...order, weights: shared } };
      const theirs = playing.map((thread) => thread.ask(question));
      const own = here.map((shard) => shard.collect(engine, order));
      return merged([own, ...(await Promise.all(theirs))]);
    },
    restore: async (places) => {
      const share = (thread: number) => places.filter((_place, i) => i % count === thread);
      const theirs = playing.map((thread, i) => thread.ask({ kind: "restore", places: share(i + 1) }));
      share(0).forEach((place, i) => here[i]!.goTo(place));
      await Promise.all(theirs);
    },
    close: async () => {
      await Promise.all(playing.map((thread) => thread.close()));
    },
  };
}

/** The shards of one thread. */
export function shardsIn({ shards, plan, seed }: Pick<ThreadData, "shards" | "plan" | "seed">): Shard[] {
  return shards.map(({ first, count }) => {
    const environments = Array.from({ length: count }, (_, i) => makeTask(plan, first + i));
    return new Shard(environments, seed, first);
  });
}

/** Tensors of the same sizes in memory that all threads see. */
function sharedLike(weights: Weights): Weights {
  return weights.map(({ length }) => new Float32Array(new SharedArrayBuffer(Float32Array.BYTES_PER_ELEMENT * length)));
}
