/** The models in service: loaded once, shared by the functions they serve, forgotten with the last of them. */
import { digestOf, versionOf } from "#shared/adapters/model-registry/archive.ts";
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import type { LearnedModel } from "#shared/policies/learned.ts";
import { servedModel, type MakeEngine } from "#shared/policies/served-model.ts";
import type { ModelSource, ModelRegistry } from "#shared/ports/model-registry.ts";

/** Where models come from, and what computes them. */
export interface ModelsDeps {
  readonly registry: Pick<ModelRegistry, "modelsOf">;
  readonly source: ModelSource;
  readonly makeEngine: MakeEngine;
}

/** One user's hold on a model. */
export interface UsedModel {
  readonly model: LearnedModel;
  /** The last to do so has the model forgotten. It is not closed: a call that is under way may still step it. */
  release(): void;
}

/** Reads models, each version once. */
export interface Models {
  /** A version trained for the function, or (`step` null) the one that the source names. Rejects with `BadInputError`. */
  use(functionName: string, source: string, step: number | null): Promise<UsedModel>;
  /** How many are loaded or being loaded. */
  count(): number;
}

interface Loaded {
  readonly model: Promise<LearnedModel>;
  users: number;
}

/** Models of the registry, and shipped ones. */
export function createModels({ registry, source: shipped, makeEngine }: ModelsDeps): Models {
  const loaded = new Map<string, Loaded>();

  async function read(functionName: string, source: string, step: number | null): Promise<LearnedModel> {
    const what = step === null ? source : `${source}, step ${step} for '${functionName}'`;
    try {
      const files = step === null ? await shipped.read(source) : await registry.modelsOf(functionName).read(step);
      return servedModel(files, versionOf(digestOf(files)), makeEngine).model;
    } catch (thrown) {
      if (!(thrown instanceof BadInputError)) throw thrown;
      throw new BadInputError(`model '${what}' is refused: ${messageOf(thrown)}`);
    }
  }

  return {
    async use(functionName, source, step) {
      const key = step === null ? source : `${functionName}#${step}`;
      const one = loaded.get(key) ?? { model: read(functionName, source, step), users: 0 };
      loaded.set(key, one);
      one.users++;
      let isHeld = true;
      const release = () => {
        if (!isHeld) return;
        isHeld = false;
        if (--one.users === 0) loaded.delete(key);
      };
      try {
        return { model: await one.model, release };
      } catch (thrown) {
        // What could not be had now may be there at the next try.
        release();
        throw thrown;
      }
    },
    count: () => loaded.size,
  };
}
