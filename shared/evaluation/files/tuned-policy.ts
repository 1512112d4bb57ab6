/** What `tune` found, as a file: `evaluate --policies @FILE` takes it as a policy. */
import { readFile } from "node:fs/promises";

import { BadInputError } from "../../core/errors.ts";
import type { Candidate } from "../tune/search.ts";
import type { Score } from "../tune/score.ts";
import type { TraceIdentity } from "./traces.ts";

/** The `kind` of such a file. */
export const TUNED_KIND = "replicant-tuned-policy";

/** The content of a file that `tune` wrote. */
export interface TunedPolicy {
  readonly kind: typeof TUNED_KIND;
  readonly version: 1;
  /** As `--policies` takes it. */
  readonly policy: string;
  readonly score: Score;
  readonly goal: string;
  readonly budget: number;
  readonly profile: string;
  readonly guard: "on" | "off";
  readonly seed: string;
  /** Seeds of the schedules that each candidate was run on. */
  readonly seeds: readonly number[];
  readonly traces: readonly (TraceIdentity & { readonly rateScale: number })[];
  /** All that were tried, in order. */
  readonly candidates: readonly Candidate[];
  readonly command: string;
  readonly replicantVersion: string;
}

/** A tuned policy, and the traces that it was tuned on. */
export type TunedOn = Pick<TunedPolicy, "policy" | "traces">;

/** Reads what is needed to use it. Throws `BadInputError`. */
export async function readTunedPolicy(file: string): Promise<TunedOn> {
  const text = await readFile(file, "utf8").catch(() => {
    throw new BadInputError(`policy '@${file}': the file cannot be read`);
  });
  const found = parse(text) as Partial<TunedPolicy> | null;
  if (typeof found !== "object" || found === null || found.kind !== TUNED_KIND || typeof found.policy !== "string") {
    throw new BadInputError(`policy '@${file}': the file is none that 'replicant tune' wrote`);
  }
  if (!Array.isArray(found.traces) || !found.traces.every(isIdentity)) {
    throw new BadInputError(`policy '@${file}': traces must be a list of name, digest and selection`);
  }
  return { policy: found.policy, traces: found.traces };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isIdentity(trace: unknown): boolean {
  const { name, digest, selection } = (trace ?? {}) as Partial<Record<keyof TraceIdentity, unknown>>;
  return (
    typeof name === "string" && typeof digest === "string" && (selection === null || typeof selection === "string")
  );
}
