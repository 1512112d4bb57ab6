/** The models in service: loaded once, shared by the functions they serve, forgotten when nobody uses them any more. */
import { digestOf } from "#shared/adapters/model-shelf/archive.ts";
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import type { LearnedModel } from "#shared/policies/learned.ts";
import { servedModel, type MakeEngine } from "#shared/policies/served-model.ts";
import type { ModelSource, ModelShelf } from "#shared/ports/model-shelf.ts";

export interface ModelsDeps {
  readonly shelf: Pick<ModelShelf, "modelsOf">;
  readonly source: ModelSource;
  readonly makeEngine: MakeEngine;
}

export interface Models {
  /** A version trained for the function, or (`step` null) the one that the source stands for. Rejects with `BadInputError`. */
  load(functionName: string, source: string, step: number | null): Promise<LearnedModel>;
  /** Forgets all others. They are not closed: a call that is under way may still step one. */
  keepOnly(inUse: ReadonlySet<LearnedModel>): void;
}

/** So much of a digest tells versions apart for people. */
const VERSION_LETTERS = 12;

export function createModels({ shelf, source: shipped, makeEngine }: ModelsDeps): Models {
  const loaded = new Map<string, Promise<LearnedModel>>();

  async function read(functionName: string, source: string, step: number | null): Promise<LearnedModel> {
    const what = step === null ? source : `${source}, step ${step} for '${functionName}'`;
    try {
      const files = step === null ? await shipped.read(source) : await shelf.modelsOf(functionName).read(step);
      return servedModel(files, digestOf(files).slice(0, VERSION_LETTERS), makeEngine).model;
    } catch (thrown) {
      if (!(thrown instanceof BadInputError)) throw thrown;
      throw new BadInputError(`model '${what}' is refused: ${messageOf(thrown)}`);
    }
  }

  return {
    load(functionName, source, step) {
      const key = step === null ? source : `${functionName}#${step}`;
      let model = loaded.get(key);
      if (!model) {
        model = read(functionName, source, step);
        loaded.set(key, model);
        // What could not be had now may be there at the next try.
        model.catch(() => loaded.delete(key));
      }
      return model;
    },
    keepOnly(inUse) {
      for (const [key, loading] of loaded) {
        const forget = (model: LearnedModel) => {
          if (!inUse.has(model) && loaded.get(key) === loading) loaded.delete(key);
        };
        void loading.then(forget, () => {});
      }
    },
  };
}
