/** The tfjs engine on libtensorflow. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import type * as Core from "@tensorflow/tfjs-core";
import { createTfjsEngine } from "#shared/rl/engine/tfjs/engine.ts";
import { aCheckpoint, checkpointFiles } from "#test/support/a-checkpoint.ts";
import { NO_TFJS_NODE, tfjsNode } from "#test/support/tfjs-node.ts";
import { agreementSuite } from "#test/support/engine/agreement.suite.ts";
import { engineSuite } from "#test/support/engine/engine.suite.ts";
import type { EngineUnderTest } from "#test/support/engine/engines.ts";
import { ODD, relativeL2, someMinibatch, someWeights } from "#test/support/engine/samples.ts";

/** What tfjs-node exports beside the core. */
interface TfjsNode {
  loadLayersModel(url: string): Promise<{ predict(input: Core.Tensor): Core.Tensor[] }>;
}

if (tfjsNode === null) test("the engines' suite on libtensorflow", { skip: NO_TFJS_NODE });
else suiteOn(tfjsNode);

function suiteOn(place: string): void {
  const native: EngineUnderTest = {
    name: "tfjs on libtensorflow",
    create: (spec, weights) => createTfjsEngine(spec, weights, place),
  };
  engineSuite(native);
  agreementSuite(native);

  test("the engine says that it is native", async () => {
    const engine = await native.create(ODD, someWeights(ODD, 1));
    assert.equal(engine.name, "tfjs (tensorflow)");
    engine.close();
  });

  test("a checkpoint's files load as they are, and say what the engine says", async () => {
    const folder = await mkdtemp(join(tmpdir(), "checkpoint-"));
    try {
      for (const [name, bytes] of Object.entries(checkpointFiles())) await writeFile(join(folder, name), bytes);
      const module = (await import(place)) as typeof Core & TfjsNode & { default?: typeof Core & TfjsNode };
      const tf = module.default ?? module;
      const model = await tf.loadLayersModel(pathToFileURL(join(folder, "model.json")).href);

      const { record, weights } = aCheckpoint();
      const sequence = someMinibatch(record.network, { steps: 6, sequences: 1, seed: 1, startShare: 0 });
      const { observations } = sequence;
      const [logits, values] = model.predict(tf.tensor(observations, [1, 6, record.network.observationSize]));
      const engine = await native.create(record.network, weights);
      const ours = engine.forwardSequence({ ...sequence, initialState: null });
      assert.ok(relativeL2(logits!.dataSync(), ours.logits) < 1e-6);
      assert.ok(relativeL2(values!.dataSync(), ours.values) < 1e-6);
      engine.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}
