/** A registry in a folder that trainer and policy-inference share: `<folder>/<function>/step-N/…` and `<folder>/<function>/control.json`. */
import { join } from "node:path";

import { BadInputError } from "../../core/errors.ts";
import type { ModelRegistry } from "../../ports/model-registry.ts";
import { replaceFile } from "../files/durable-file.ts";
import { tidyOnce } from "../files/durable-folder.ts";
import type { Files } from "../files/files.ts";
import { nodeFiles } from "../files/node-files.ts";
import { fileModelStore, FORMERLY, SHARED_MODES } from "../model-store.ts";
import { readControl } from "./control-text.ts";

/** Makes the folder when something is put into it. */
export function folderRegistry(folder: string, files: Files = nodeFiles): ModelRegistry {
  const folderOf = (functionName: string) => {
    if (!/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(functionName))
      throw new BadInputError(`a function's name is lower-case letters, digits, '-' and '.', was: '${functionName}'`);
    return join(folder, functionName);
  };
  return {
    place: `folder ${folder}`,
    modelsOf: (functionName) => fileModelStore(folderOf(functionName), files),
    async control(functionName) {
      const file = join(folderOf(functionName), "control.json");
      const bytes = await files.read(file);
      return bytes === undefined ? null : readControl(file, Buffer.from(bytes).toString("utf8"));
    },
    async setControl(control) {
      const home = folderOf(control.functionName);
      await tidyOnce(files, home, FORMERLY);
      await replaceFile(files, join(home, "control.json"), JSON.stringify(control), SHARED_MODES);
    },
  };
}
