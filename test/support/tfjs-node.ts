/** The native TensorFlow.js that `peers.mjs` installs beside the project: where it can be imported from, or null. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { NO_TFJS_NODE_HERE } from "./peer-tfjs-node.mjs";

const ENTRY = join(import.meta.dirname, "../../.peers/tfjs-node/node_modules/@tensorflow/tfjs-node/dist/index.js");

/** One TensorFlow.js a process: all copies share an engine, and with it the backend. */
export const tfjsNode: string | null =
  NO_TFJS_NODE_HERE === null && existsSync(ENTRY) ? pathToFileURL(ENTRY).href : null;

export const NO_TFJS_NODE =
  NO_TFJS_NODE_HERE === null
    ? "@tensorflow/tfjs-node is not in .peers/ (test/support/peers.mjs)"
    : `@tensorflow/tfjs-node: ${NO_TFJS_NODE_HERE}`;

// What the library says about the processor's instructions belongs in nobody's output.
process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
