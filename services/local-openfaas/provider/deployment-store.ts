/** Deployed functions on disk: `<home>/functions/<name>.json`, so that a restart brings them back. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "#shared/core/errors.ts";
import { namesIn, readIfPresent, writeAtomically } from "./files.ts";
import type { FunctionDeployment } from "./types.ts";

export interface StoredFunction {
  readonly deployment: FunctionDeployment;
  readonly createdAtMs: number;
  readonly desiredReplicas: number;
}

export interface DeploymentStore {
  /** All that can be read; `report` hears one sentence for each file that cannot. */
  load(report: (problem: string) => void): Promise<readonly StoredFunction[]>;
  /** Writes what `current` says when its turn has come; several waiting writes become one. Undefined removes. */
  save(functionName: string, current: () => StoredFunction | undefined): Promise<void>;
}

export function createDeploymentStore(home: string): DeploymentStore {
  const folder = join(home, "functions");
  const running = new Map<string, { readonly write: Promise<void>; next: Promise<void> | undefined }>();

  const write = async (functionName: string, current: () => StoredFunction | undefined) => {
    const path = join(folder, `${functionName}.json`);
    const stored = current();
    if (stored) await writeAtomically(path, `${JSON.stringify(stored, null, 2)}\n`);
    else await rm(path, { force: true });
  };

  const save: DeploymentStore["save"] = (functionName, current) => {
    const ahead = running.get(functionName);
    if (ahead) {
      ahead.next ??= ahead.write.catch(() => {}).then(() => save(functionName, current));
      return ahead.next;
    }
    const entry = { write: write(functionName, current), next: undefined };
    running.set(functionName, entry);
    return entry.write.finally(() => running.delete(functionName));
  };

  return {
    save,
    load: async (report) => {
      const found: StoredFunction[] = [];
      for (const name of await namesIn(folder)) {
        if (!name.endsWith(".json")) continue;
        const path = join(folder, name);
        try {
          found.push(parseStored(await readIfPresent(path), name.slice(0, -".json".length)));
        } catch (thrown) {
          report(`${path} is left out: ${messageOf(thrown)}`);
        }
      }
      return found;
    },
  };
}

function parseStored(text: string | undefined, functionName: string): StoredFunction {
  const stored = JSON.parse(text ?? "null") as Partial<StoredFunction> | null;
  const { deployment, createdAtMs, desiredReplicas } = stored ?? {};
  if (typeof deployment !== "object" || typeof deployment.image !== "string" || deployment.service !== functionName) {
    throw new Error(`it holds no deployment of '${functionName}'`);
  }
  if (typeof createdAtMs !== "number" || !Number.isInteger(desiredReplicas) || desiredReplicas! < 0) {
    throw new Error("createdAtMs or desiredReplicas is not a number");
  }
  return { deployment, createdAtMs, desiredReplicas: desiredReplicas! };
}
