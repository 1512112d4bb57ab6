/** Several expressions asked at one instant; each answer apart, so that one that failed leaves the others. */
import { messageOf } from "../../core/errors.ts";
import type { FunctionId } from "../../ports/metrics-source.ts";
import type { PrometheusClient, VectorSample } from "./client.ts";
import type { Expressions } from "./expressions.ts";

/** The answers by the name of their expression, and a sentence for each that failed. */
export class Answers<Name extends string> {
  constructor(
    readonly vectors: ReadonlyMap<Name, readonly VectorSample[]>,
    readonly problems: readonly string[],
  ) {}

  /** All samples that are about the function. */
  samples(name: Name, about: FunctionId): readonly VectorSample[] {
    return (this.vectors.get(name) ?? []).filter(({ labels }) => isAbout(labels, about));
  }

  /** All samples, whatever they are about; null where the question failed. */
  all(name: Name): readonly VectorSample[] | null {
    return this.vectors.get(name) ?? null;
  }

  /** The one number about the function, or null: an empty answer is an absence. */
  value(name: Name, about: FunctionId): number | null {
    return this.samples(name, about)[0]?.value ?? null;
  }
}

/** A function as the gateway itself names it: "stress.openfaas-fn". */
export const functionKey = ({ functionName, namespace }: FunctionId): string => `${functionName}.${namespace}`;

/** The job and the instance that a sample was scraped from; those that lack one are alike. */
export const instanceKey = ({ job = "", instance = "" }: VectorSample["labels"]): string =>
  JSON.stringify([job, instance]);

/** Asks all expressions at the instant `atMs` (Unix milliseconds). Never rejects: failures are in `problems`. */
export async function askAll<Name extends string>(
  client: PrometheusClient,
  expressions: Expressions<Name>,
  atMs: number,
): Promise<Answers<Name>> {
  const problems = new Set<string>();
  const vectors = new Map<Name, readonly VectorSample[]>();
  await Promise.all(
    (Object.entries(expressions) as [Name, string][]).map(async ([name, expression]) => {
      try {
        vectors.set(name, await client.ask(expression, atMs));
      } catch (thrown) {
        problems.add(messageOf(thrown));
      }
    }),
  );
  return new Answers(vectors, [...problems]);
}

function isAbout(labels: VectorSample["labels"], about: FunctionId): boolean {
  const { function_name: name } = labels;
  const { functionName, namespace } = about;
  if (name !== undefined) return name === functionKey(about) || name === functionName;
  return labels["namespace"] === namespace && labels["container"] === functionName;
}
