/** Deployed functions on disk: `<home>/functions/<name>.json`, so that a restart brings them back. */
import { join } from "node:path";
import { removeFile, replaceFile } from "#shared/adapters/files/durable-file.ts";
import type { Files } from "#shared/adapters/files/files.ts";
import { nodeFiles } from "#shared/adapters/files/node-files.ts";
import { stored } from "#shared/adapters/files/storage-error.ts";
import { messageOf } from "#shared/core/errors.ts";
import type { FunctionDeployment } from "./types.ts";

/** One file. */
export interface StoredFunction {
  readonly deployment: FunctionDeployment;
  readonly createdAtMs: number;
  readonly desiredReplicas: number;
}

/** What resolves is on the disk; what rejects (`StorageError`) has left it as it was. Calls on one function keep their order. */
export interface DeploymentStore {
  /** All that can be read; `report` receives one sentence for each file that cannot. */
  load(report: (problem: string) => void): Promise<readonly StoredFunction[]>;
  put(stored: StoredFunction): Promise<void>;
  /** Nothing happens when there is no such function. */
  remove(functionName: string): Promise<void>;
  /** Writes what `current` says when its turn has come, beside the deployment as it is then; several waiting calls are one. */
  saveCount(functionName: string, current: () => number | undefined): Promise<void>;
}

/** Nothing is read before `load`. */
export function createDeploymentStore(home: string, files: Files = nodeFiles): DeploymentStore {
  const folder = join(home, "functions");
  const pathOf = (functionName: string) => join(folder, `${functionName}.json`);
  const onDisk = new Map<string, StoredFunction>();
  const queues = new Map<string, Promise<void>>();
  const waitingCounts = new Map<string, Promise<void>>();

  /** One write of a function at a time: the last caller's is the one that stays. */
  const inTurn = (functionName: string, work: () => Promise<void>): Promise<void> => {
    const done = (queues.get(functionName) ?? Promise.resolve()).then(work);
    const settled = done.catch(() => {});
    queues.set(functionName, settled);
    void settled.then(() => queues.get(functionName) === settled && queues.delete(functionName));
    return done;
  };
  const write = async (record: StoredFunction) => {
    const { service } = record.deployment;
    const text = `${JSON.stringify(record, null, 2)}\n`;
    await stored(`function '${service}' could not be stored`, () => replaceFile(files, pathOf(service), text));
    onDisk.set(service, record);
  };

  return {
    put: (record) => inTurn(record.deployment.service, () => write(record)),
    remove: (functionName) =>
      inTurn(functionName, async () => {
        await stored(`function '${functionName}' could not be removed`, () => removeFile(files, pathOf(functionName)));
        onDisk.delete(functionName);
      }),
    saveCount(functionName, current) {
      const waiting = waitingCounts.get(functionName);
      if (waiting) return waiting;
      const saved = inTurn(functionName, async () => {
        waitingCounts.delete(functionName);
        const record = onDisk.get(functionName);
        const desiredReplicas = current();
        if (!record || desiredReplicas === undefined || desiredReplicas === record.desiredReplicas) return;
        await write({ ...record, desiredReplicas });
      });
      waitingCounts.set(functionName, saved);
      return saved;
    },
    load: async (report) => {
      for (const name of await files.list(folder)) {
        if (!name.endsWith(".json") || name.startsWith(".")) continue;
        const path = join(folder, name);
        try {
          const record = parseStored(await files.read(path), name.slice(0, -".json".length));
          onDisk.set(record.deployment.service, record);
        } catch (thrown) {
          report(`${path} is left out: ${messageOf(thrown)}`);
        }
      }
      return [...onDisk.values()];
    },
  };
}

function parseStored(bytes: Uint8Array | undefined, functionName: string): StoredFunction {
  const stored = JSON.parse(bytes ? Buffer.from(bytes).toString() : "null") as Partial<StoredFunction> | null;
  const { deployment, createdAtMs, desiredReplicas } = stored ?? {};
  if (typeof deployment !== "object" || typeof deployment.image !== "string" || deployment.service !== functionName) {
    throw new Error(`it holds no deployment of '${functionName}'`);
  }
  if (typeof createdAtMs !== "number" || !Number.isInteger(desiredReplicas) || desiredReplicas! < 0) {
    throw new Error("createdAtMs or desiredReplicas is not a number");
  }
  return { deployment, createdAtMs, desiredReplicas: desiredReplicas! };
}
