/** What a comparison runs: two slices of one trace, and the policies that are ranked. */
import { BadInputError } from "#shared/core/errors.ts";
import { traceSeconds } from "#shared/traces/trace.ts";
import { resolvePolicy, splitPolicies } from "#shared/evaluation/policies.ts";
import { loadTrace } from "#shared/traces/load-trace.ts";
import { policyByName } from "#shared/policies/by-name.ts";
import { readFlags } from "#shared/config/flags.ts";
import { DEMO } from "../../up/options.ts";
import type { CalibrateFlags, CalibrateOptions } from "../options.ts";

export interface CompareOptions {
  readonly trace: string;
  /** First window of the replay that is fitted; the one that is reported follows it. */
  readonly fromWindow: number;
  /** Of each replay. */
  readonly windows: number;
  readonly rateScale: number;
  readonly seed: string;
  readonly policies: readonly RankedPolicy[];
  /** A profile that was measured before; null: one is measured first. */
  readonly from: string | null;
  /** A file that remembers live runs; null: all are made. */
  readonly resume: string | null;
}

export interface RankedPolicy {
  readonly name: string;
  /** As stack.yml and the simulator take it: the live loop decides by the window, as `…@30s` does in the simulator. */
  readonly liveName: string;
  readonly simulatedName: string;
}

const POLICIES = "fixed:2,fixed:10,hpa,kpa@30s,openfaas-pro";
const WINDOWS = { quick: "8", full: "20" } as const;
export const WINDOW_SECONDS = 30;

/** Throws `BadInputError` for all that can be known before anything starts. */
export async function readCompareFlags(flags: CalibrateFlags, { quick }: CalibrateOptions): Promise<CompareOptions> {
  const read = readFlags();
  const count = { least: 1, most: 1_000, whole: true };
  const options = {
    trace: flags.trace ?? DEMO.trace,
    fromWindow: read.number("from-window", flags.fromWindow, flags.trace === undefined ? Number(DEMO.fromWindow) : 0, {
      ...count,
      least: 0,
      most: 10_000_000,
    }),
    windows: read.number("windows", flags.windows ?? WINDOWS[quick ? "quick" : "full"], 1, { ...count, least: 3 }),
    rateScale: read.number("rate-scale", flags.rateScale ?? DEMO.rateScale, 1, { least: 0.001, most: 10_000 }),
    seed: flags.seed ?? "1",
    from: flags.from?.replace(/^@/, "") ?? null,
    resume: flags.resume ?? null,
  };
  read.done();
  const policies: RankedPolicy[] = [];
  for (const name of splitPolicies(flags.policies ?? POLICIES)) policies.push(await ranked(name));
  if (policies.length < 2) throw new BadInputError(`--policies must name at least two, was: '${flags.policies ?? ""}'`);
  const windowsThere = Math.floor(traceSeconds(await loadTrace(options.trace)) / WINDOW_SECONDS);
  const wanted = options.fromWindow + 2 * options.windows;
  if (wanted > windowsThere) {
    throw new BadInputError(
      `${options.trace}: two replays of ${options.windows} windows from window ${options.fromWindow} on need ${wanted}, and it has ${windowsThere}`,
    );
  }
  return { ...options, policies };
}

async function ranked(name: string): Promise<RankedPolicy> {
  if (name.endsWith("@bare")) throw new BadInputError(`policy '${name}': the live loop has no way around the guard`);
  const liveName = name.replace(/@30s$/, "");
  const simulatedName = liveName.split(":")[0] === "kpa" ? `${liveName}@30s` : liveName;
  policyByName(liveName);
  await resolvePolicy(simulatedName);
  return { name, liveName, simulatedName };
}
