/** Texts that make a pattern work hard: what leads to each of its loops, something repeated there, and an end that fails. */
import type { Node } from "./syntax.ts";
import { search } from "./steps.ts";

export interface Attack {
  readonly prefix: string;
  readonly pump: string;
  readonly suffix: string;
}

export const textOf = ({ prefix, pump, suffix }: Attack, pumps: number) => prefix + pump.repeat(pumps) + suffix;

export function attacksOn(tree: Node): Attack[] {
  const letters = new Set<string>(["\u0001"]);
  const prefixes = new Set<string>([""]);
  const pumps = new Set<string>();
  visit(tree, "");
  for (const one of [...letters]) for (const other of letters) pumps.add(one).add(one + other);
  return [...prefixes].flatMap((prefix) =>
    [...pumps].flatMap((pump) => ["", "\u0001", "\n"].map((suffix) => ({ prefix, pump, suffix }))),
  );

  function visit(node: Node, before: string): void {
    switch (node.kind) {
      case "set":
        for (const sample of node.samples.slice(0, 3)) letters.add(sample);
        break;
      case "choice":
        for (const option of node.options) visit(option, before);
        break;
      case "sequence": {
        let far = before;
        for (const part of node.parts) {
          visit(part, far);
          far += shortest(part);
        }
        break;
      }
      case "repeat":
        if (node.max > 1) {
          prefixes.add(before);
          pumps.add(longer(node.body));
          pumps.add(shortest(node.body));
          pumps.add(before + shortest(node.body));
        }
        visit(node.body, before);
        break;
      case "look":
        visit(node.body, before);
        break;
      case "assert":
        break;
    }
  }
}

/** A text that the node takes, each optional thing left out. */
function shortest(node: Node): string {
  return sample(node, (min) => min);
}

/** A text that the node takes, each optional thing there once. */
function longer(node: Node): string {
  return sample(node, (min) => Math.max(min, 1));
}

function sample(node: Node, turns: (min: number) => number): string {
  switch (node.kind) {
    case "set":
      return node.samples[0] ?? "";
    case "choice":
      return sample(node.options[0]!, turns);
    case "sequence":
      return node.parts.map((part) => sample(part, turns)).join("");
    case "repeat":
      return sample(node.body, turns).repeat(turns(node.min));
    default:
      return "";
  }
}

export interface Verdict {
  /** The worst attack found, and the steps it takes at each of `pumpCounts`; null where all grow in proportion. */
  readonly worst: (Attack & { readonly steps: readonly number[] }) | null;
  readonly tried: number;
}

const mostSteps = 400_000;

/** Equally spaced, so that the second difference of a straight line is 0. */
const quickly = [30, 60, 90];

export function judge(tree: Node, flags: string): Verdict {
  const attacks = attacksOn(tree);
  // Up to a bound like `{0,61}` a loop may bend: what counts is how it goes on.
  const surely = [100, 200, 300].map((count) => largestBound(tree) + count);
  const stepsAt = (attack: Attack, counts: readonly number[]) =>
    counts.map((count) => search(tree, flags, textOf(attack, count), mostSteps).steps);
  for (const attack of attacks) {
    if (!bends(stepsAt(attack, quickly), quickly)) continue;
    const steps = stepsAt(attack, surely);
    if (bends(steps, surely)) return { worst: { ...attack, steps }, tried: attacks.length };
  }
  return { worst: null, tried: attacks.length };
}

/** More than a straight line, by a good part of what one step for each pair of letters would be; or out of steps. */
function bends([low, middle, high]: readonly number[], [least, more]: readonly number[]): boolean {
  const spacing = more! - least!;
  return high! >= mostSteps || high! - 2 * middle! + low! > (spacing * spacing) / 4;
}

function largestBound(node: Node): number {
  switch (node.kind) {
    case "sequence":
      return Math.max(0, ...node.parts.map(largestBound));
    case "choice":
      return Math.max(0, ...node.options.map(largestBound));
    case "repeat":
      return Math.max(node.min, node.max === Infinity ? 0 : node.max, largestBound(node.body));
    case "look":
      return largestBound(node.body);
    default:
      return 0;
  }
}
