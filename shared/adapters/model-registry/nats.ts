/** A registry in JetStream's object store: `<function>/step-N` is a checkpoint, `<function>/control` what it may do. */
import type { Clock } from "../../core/clock.ts";
import { BadInputError, messageOf } from "../../core/errors.ts";
import type { ModelRegistry } from "../../ports/model-registry.ts";
import type { ModelStore } from "../../ports/model-store.ts";
import { openConnection, type BucketAddress } from "../nats/connection.ts";
import { openObjects, type Objects } from "../nats/objects.ts";
import { findJetStream } from "../nats/stream.ts";
import { inTime } from "../patience.ts";
import { packed, unpacked } from "./archive.ts";
import { readControl } from "./control-text.ts";

/** Moving a checkpoint of a few megabytes, real time. */
const ANSWER_WITHIN_MS = 10_000;
const STEP = /^step-(\d{1,15})$/;

/** Null when the server has no JetStream. Resolves when connected. */
export async function natsRegistry(
  options: BucketAddress,
  clock: Clock,
  log: (message: string) => void,
): Promise<(ModelRegistry & { close(): Promise<void> }) | null> {
  // A connection of its own: megabytes of weights do not delay a window.
  const connection = await openConnection(options, clock, log);
  const { nc, user } = connection;
  const jsm = await findJetStream(nc);
  if (!jsm) {
    await connection.close();
    return null;
  }
  const mayMake = user === null;
  let opened: Objects | null = null;
  /** Looked for again where the server came back without its store. */
  const objects = () => (opened ??= openObjects(nc, jsm, options.bucket, mayMake));
  connection.onReconnect(() => (opened = null));

  async function ask<T>(what: string, work: (store: Objects) => Promise<T>): Promise<T> {
    const tooLate = `${what}: the object store did not answer in time`;
    try {
      return await inTime(work(objects()), ANSWER_WITHIN_MS, clock, tooLate);
    } catch (thrown) {
      throw new Error(`${what}: the object store could not do it: ${messageOf(thrown)}`, { cause: thrown });
    }
  }

  const read = (name: string) => ask(name, (store) => store.get(name));
  const write = (name: string, bytes: Uint8Array) => ask(name, (store) => store.put(name, bytes));

  function modelsOf(functionName: string): ModelStore {
    const prefix = `${functionName}/`;
    const steps = () =>
      ask(`${prefix}…`, async (store) => {
        const names = await store.names(prefix);
        return names
          .flatMap((name) => STEP.exec(name.slice(prefix.length))?.[1] ?? [])
          .map(Number)
          .sort((a, b) => a - b);
      });
    return {
      steps,
      async read(step) {
        const wanted = step ?? (await steps()).at(-1);
        const bytes = wanted === undefined ? null : await read(`${prefix}step-${wanted}`);
        if (bytes === null) {
          const what = step === null ? "no checkpoint" : `no checkpoint of step ${step}`;
          throw new BadInputError(`${options.bucket}: there is ${what} for '${functionName}'`);
        }
        return unpacked(`${options.bucket}: ${prefix}step-${wanted}`, bytes);
      },
      write: (step, files) => write(`${prefix}step-${step}`, packed(files)),
      remove: (step) => ask(`${prefix}step-${step}`, (store) => store.remove(`${prefix}step-${step}`)),
    };
  }

  return {
    place: `object store ${options.bucket}`,
    modelsOf,
    async control(functionName) {
      const name = `${functionName}/control`;
      const bytes = await read(name);
      return bytes && readControl(`${options.bucket}: ${name}`, Buffer.from(bytes).toString("utf8"));
    },
    setControl: (control) => write(`${control.functionName}/control`, Buffer.from(JSON.stringify(control))),
    close: () => connection.close(),
  };
}
