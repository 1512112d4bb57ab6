/** A thread that plays some shards of a training; bundled on its own. */
import { serveQuestions } from "../adapters/workers.ts";
import type { ShardRollout } from "../rl/rollout/types.ts";
import { shardsIn, type ThreadData, type ThreadQuestion } from "./collect.ts";
import { makeEngine } from "./engine.ts";

serveQuestions<ThreadData, ThreadQuestion, readonly ShardRollout[]>(async (data) => {
  const engine = await makeEngine(data.engine, data.spec, data.weights);
  const shards = shardsIn(data);
  return (question) => {
    if (question.kind === "restore") {
      question.places.forEach((place, i) => shards[i]!.goTo(place));
      return [];
    }
    engine.setWeights(question.order.weights);
    return shards.map((shard) => shard.collect(engine, question.order));
  };
});
