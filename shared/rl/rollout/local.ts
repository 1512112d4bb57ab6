/** Plays all shards in this thread, one after the other, with the trainer's own engine. */
import type { Environment } from "../../task/environment/contract.ts";
import type { Engine } from "../engine/types.ts";
import { Shard } from "./shard.ts";
import type { RolloutCollector } from "./types.ts";

/** A shard has at least two environments, and there are at most four: part of what a training is, like its seed. */
const MAX_SHARDS = 4;

/** Number and first environment of each shard. */
export function shardsOf(environments: number): readonly { readonly first: number; readonly count: number }[] {
  const shards = Math.max(1, Math.min(MAX_SHARDS, Math.floor(environments / 2)));
  return Array.from({ length: shards }, (_, i) => {
    const first = Math.floor((i * environments) / shards);
    return { first, count: Math.floor(((i + 1) * environments) / shards) - first };
  });
}

/** How environments are played on this thread. */
export interface LocalCollectorOptions {
  readonly engine: Engine;
  readonly environments: number;
  readonly seed: number | string;
  /** Environment number `index`, from 0. */
  readonly makeEnvironment: (index: number) => Environment;
}

/** Collects rollouts on this thread, shard by shard. */
export function localCollector({
  engine,
  environments,
  seed,
  makeEnvironment,
}: LocalCollectorOptions): RolloutCollector {
  const shards = shardsOf(environments).map(
    ({ first, count }) =>
      new Shard(
        Array.from({ length: count }, (_, i) => makeEnvironment(first + i)),
        seed,
        first,
      ),
  );
  return {
    collect: async (order) => shards.map((shard) => shard.collect(engine, order)),
    restore: async (places) => places.forEach((place, i) => shards[i]!.goTo(place)),
    close: async () => {},
  };
}
