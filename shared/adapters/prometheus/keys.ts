/** What a function, and a gateway that counts for it, are remembered by between two answers. */
import type { FunctionId } from "../../ports/metrics-source.ts";
import type { VectorSample } from "./client.ts";

/** "stress.openfaas-fn": as the gateway itself names functions. */
export const functionKey = ({ functionName, namespace }: FunctionId): string => `${functionName}.${namespace}`;

/** Of the job and instance that a sample was scraped from; those that lack one are alike. */
export const instanceKey = ({ job = "", instance = "" }: VectorSample["labels"]): string =>
  JSON.stringify([job, instance]);
