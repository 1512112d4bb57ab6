/** TensorFlow.js: native where `@tensorflow/tfjs-node` is installed, else in plain JavaScript. */
import type * as core from "@tensorflow/tfjs-core";

/** The part of TensorFlow.js that the engine needs; `tfjs-node` has it as well. */
export type Tensorflow = typeof core;

const NATIVE = "@tensorflow/tfjs-node";

/**
 * An optional peer, never installed by us: it fetches libtensorflow while it installs, and breaks on Node 23 and later.
 * A tfjs-node that is there and does not start is an error: silence would cost a factor of fifty.
 */
export async function loadTensorflow(native?: string): Promise<Tensorflow> {
  const tf = await (native === undefined ? installedTensorflow() : importNative(native));
  // Without advice on the console, and without a check of every tensor for NaN: the door of the engine checks.
  tf.enableProdMode();
  await tf.ready();
  return tf;
}

async function installedTensorflow(): Promise<Tensorflow> {
  try {
    return await importNative(NATIVE);
  } catch (thrown) {
    if (isMissing((thrown as Error).cause)) return plainTensorflow();
    throw thrown;
  }
}

async function importNative(place: string): Promise<Tensorflow> {
  try {
    return namespaceOf(await import(place));
  } catch (thrown) {
    throw new Error(`${place} does not start on this Node: remove it or repair it`, { cause: thrown });
  }
}

async function plainTensorflow(): Promise<Tensorflow> {
  const tf = namespaceOf(await import("@tensorflow/tfjs-core"));
  await import("@tensorflow/tfjs-backend-cpu");
  await tf.setBackend("cpu");
  return tf;
}

/** A CommonJS package comes as the default export. */
function namespaceOf(module: unknown): Tensorflow {
  const { default: inner } = module as { default?: Tensorflow };
  return inner ?? (module as Tensorflow);
}

function isMissing(thrown: unknown): boolean {
  const { code, message } = thrown as { code?: string; message?: string };
  const notFound = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND" || code === undefined;
  return notFound && (message ?? "").includes(NATIVE);
}
