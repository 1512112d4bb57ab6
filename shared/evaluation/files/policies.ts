/** Policies as `--policies` names them: rules, models, and `@FILE` for what `tune` found. */
import { BadInputError } from "../../core/errors.ts";
import { resolvePolicy, splitPolicies, type EvaluatedPolicy } from "../policies.ts";
import { modelPolicy } from "./models.ts";
import { readTunedPolicy } from "./tuned-policy.ts";
import { dataOf, sharesData, type NamedTrace, type TraceIdentity } from "./traces.ts";

/** A policy as results name it. */
export interface NamedPolicy {
  readonly name: string;
  /** The file it came from; null for one named directly. */
  readonly file: string | null;
  /** What it was tuned or trained on; null where it is not known. */
  readonly learnedFrom: readonly TraceIdentity[] | null;
}

/** A policy that is ready to run. */
export interface ResolvedPolicy extends EvaluatedPolicy {
  /** Of a model: what it was trained on. */
  readonly trainedOn: readonly TraceIdentity[] | null;
}

/** The one place where the command and its workers turn a name into a policy. `modelsFolder`: the models that travel along. */
export async function resolveByName(name: string, modelsFolder: string): Promise<ResolvedPolicy> {
  let trainedOn: readonly TraceIdentity[] | null = null;
  const policy = await resolvePolicy(name, async (path) => {
    const model = await modelPolicy(path, modelsFolder);
    trainedOn = model?.trainedOn ?? null;
    return model?.policy ?? null;
  });
  return { ...policy, trainedOn };
}

/** Throws `BadInputError` for a policy that cannot be used or is named twice, before anything runs. */
export async function readPolicies(list: string, modelsFolder: string): Promise<NamedPolicy[]> {
  const policies: NamedPolicy[] = [];
  for (const piece of splitPolicies(list)) {
    if (piece === "") throw new BadInputError(`--policies has an empty entry: '${list}'`);
    const named = await readPolicy(piece);
    if (policies.some(({ name }) => name === named.name)) {
      throw new BadInputError(`policy '${named.name}' is named twice`);
    }
    const { trainedOn } = await resolveByName(named.name, modelsFolder);
    policies.push({ ...named, learnedFrom: named.learnedFrom ?? trainedOn });
  }
  return policies;
}

async function readPolicy(piece: string): Promise<NamedPolicy> {
  if (!piece.startsWith("@")) return { name: piece, file: null, learnedFrom: null };
  const file = piece.slice(1);
  const { policy, traces } = await readTunedPolicy(file);
  return { name: policy, file, learnedFrom: traces };
}

/** One sentence for each policy that meets its own training data. */
export function overlapWarnings(
  policies: readonly NamedPolicy[],
  traces: readonly Omit<NamedTrace, "trace">[],
): string[] {
  return policies.flatMap(({ name, learnedFrom }) => {
    const met = traces.filter((trace) =>
      dataOf(trace).some((data) => learnedFrom?.some((seen) => sharesData(seen, data))),
    );
    if (met.length === 0) return [];
    const names = met.map((trace) => trace.name).join(", ");
    return [
      `policy '${name}' was tuned or trained on data it is evaluated on (${names}): its figures there are no test result`,
    ];
  });
}
