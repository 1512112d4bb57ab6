/** The search: the rule as it comes, then two rounds of draws; each candidate is run on every training cell and seed. */
import type { Random } from "../../core/random.ts";
import { latinHypercube } from "./candidates.ts";
import { compareScores, type Score } from "./score.ts";
import { nameOf, type TunableRule } from "./space.ts";

/** A policy that was tried, and its score. */
export interface Candidate {
  readonly policy: string;
  readonly score: Score;
}

/** The best candidate, and all others. */
export interface Search {
  readonly best: Candidate;
  /** In the order in which they were tried. */
  readonly candidates: readonly Candidate[];
}

/** What is searched, and how long. */
export interface SearchOptions {
  readonly rule: TunableRule;
  /** How many candidates are tried at most, the rule as it comes included. */
  readonly budget: number;
  readonly random: Random;
  /** Scores policies by name, in their order. */
  readonly evaluate: (policies: readonly string[]) => Promise<readonly Score[]>;
}

/** This share of the budget is spread over the whole range; the rest goes around the best of it. */
const FIRST_ROUND_SHARE = 0.6;

/** Equal names are tried once, so fewer than `budget` may be tried. Same options, same search. */
export async function searchRule({ rule, budget, random, evaluate }: SearchOptions): Promise<Search> {
  const tried = new Map<string, { readonly values: readonly number[] | null; readonly score: Score }>();
  const attempt = async (all: readonly (readonly number[] | null)[]) => {
    const fresh = new Map(
      all.map((values) => [nameOf(rule, values), values] as const).filter(([name]) => !tried.has(name)),
    );
    const names = [...fresh.keys()];
    const scores = await evaluate(names);
    names.forEach((name, i) => tried.set(name, { values: fresh.get(name)!, score: scores[i]! }));
  };
  const best = () => [...tried].reduce((a, b) => (compareScores(b[1].score, a[1].score) < 0 ? b : a));

  // `fixed` means nothing without its count.
  const asItComes = rule.rule === "fixed" ? [] : [null];
  const draws = Math.max(1, budget - asItComes.length);
  const first = Math.max(1, Math.round(draws * FIRST_ROUND_SHARE));
  await attempt([...asItComes, ...latinHypercube(rule.dimensions, first, random.fork("round-1"))].slice(0, budget));
  const centre = best()[1].values;
  if (draws > first) await attempt(latinHypercube(rule.dimensions, draws - first, random.fork("round-2"), centre));

  const [policy, { score }] = best();
  return {
    best: { policy, score },
    candidates: [...tried].map(([name, entry]) => ({ policy: name, score: entry.score })),
  };
}
