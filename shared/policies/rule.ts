/** A rule: how it is written, made, tuned and compared. A new one is a file that exports a `Rule`, and its line in `rules.ts`. */
import type { PolicyFactory } from "../core/policy.ts";
import type { Foresight } from "./foresight.ts";
import type { PolicyOptions } from "./options.ts";

/** What some rules need beside their options. */
export interface PolicyContext {
  /** For `random`; 1 where it is not given. */
  readonly seed?: number | string;
  /** For `oracle`: only a simulation or an evaluation knows the future. */
  readonly foresight?: Foresight;
}

/** One option that a search may try, and how far. */
export interface Dimension {
  /** Empty: the bare word, as in `fixed:3`. */
  readonly key: string;
  readonly low: number;
  readonly high: number;
  /** Values are whole multiples of it, so that they read well. */
  readonly step: number;
  /** Drawn evenly in the logarithm; default false. */
  readonly isLog?: boolean;
}

/** A family of policies that options tell apart. */
export interface Rule {
  /** How it is written, with its options and their defaults. */
  readonly usage: string;
  /** Throws `BadInputError` for options that cannot be used. */
  readonly make: (options: PolicyOptions, context: PolicyContext) => PolicyFactory;
  /** What it does, for lists. */
  readonly about: string;
  /**
   * What `tune` searches. Ranges reach from what wastes to what fails on every standard profile. Bounds that are the vendor's own (CE's
   * cap, KPA's tick) are left alone: with another bound it would be another rule.
   */
  readonly tunable: readonly Dimension[];
  /** The names under which `compare-agents` runs it beside the agents. */
  readonly compared: readonly string[];
}

/** An option that `tune` may vary, by steps or on a logarithmic scale. */
export function dimension(key: string, low: number, high: number, step: number, isLog = false): Dimension {
  return { key, low, high, step, isLog };
}
