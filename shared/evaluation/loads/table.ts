/** The loads of a manifest as tables: a line for each, and sums by split and family. */
import { serviceSeconds } from "../../sim/loads/draw-function.ts";
import type { Load } from "../../sim/loads/load.ts";
import { demandOf, needOf } from "../../sim/loads/need.ts";
import { LOAD_SPLITS, type LoadSplit } from "../../sim/loads/recipe.ts";
import { FAMILIES, type Family } from "../../sim/workloads/families.ts";
import { columnsOf } from "../columns.ts";

/** What the table of loads says of one load. */
export interface LoadLine {
  readonly name: string;
  readonly split: LoadSplit;
  readonly family: Family;
  readonly hours: number;
  readonly calls: number;
  readonly meanRps: number;
  /** Of windows of 30 s. */
  readonly peakToMean: number;
  readonly function: string;
  readonly serviceSeconds: number;
  readonly sloSeconds: number;
  readonly startSeconds: number;
  readonly needMean: number;
  readonly needPeak: number;
  readonly maxReplicas: number;
}

/** The line of a load. */
export function lineOf({ recipe, trace, profile }: Load): LoadLine {
  const { name, split, family, durationSeconds } = recipe;
  const demand = demandOf(trace, durationSeconds);
  const need = needOf(demand, profile);
  return {
    name,
    split,
    family,
    hours: durationSeconds / 3600,
    calls: demand.calls,
    meanRps: demand.calls / durationSeconds,
    peakToMean: demand.peak / demand.mean,
    function: profile.name,
    serviceSeconds: serviceSeconds(profile),
    sloSeconds: profile.slo.seconds,
    startSeconds: profile.parameters.startMedianSeconds,
    needMean: need.mean,
    needPeak: need.peak,
    maxReplicas: profile.maxReplicas,
  };
}

const HEAD = [
  "load",
  "split",
  "hours",
  "calls",
  "rps",
  "peak ÷ mean",
  "function",
  "service s",
  "SLO s",
  "start s",
  "need",
  "peak",
  "max",
];

/** The loads as a table, a text for each line. */
export function loadsTable(lines: readonly LoadLine[]): string[] {
  const rows = lines.map((line) => [
    line.name,
    line.split,
    line.hours.toFixed(1),
    String(line.calls),
    significant(line.meanRps),
    line.peakToMean.toFixed(1),
    line.function,
    significant(line.serviceSeconds),
    String(line.sloSeconds),
    String(line.startSeconds),
    line.needMean.toFixed(1),
    String(line.needPeak),
    String(line.maxReplicas),
  ]);
  return columnsOf([HEAD, ...rows], new Set([0, 1, 6]));
}

/** Number of loads, their hours, and the mean of their mean needs. */
export function summaryTable(lines: readonly LoadLine[]): string[] {
  const splits = LOAD_SPLITS.filter((split) => lines.some((line) => line.split === split));
  const cell = (of: readonly LoadLine[]) => {
    const [hours, need] = [sum(of, (line) => line.hours), sum(of, (line) => line.needMean)];
    return of.length === 0 ? "–" : `${of.length} loads, ${hours.toFixed(0)} h, need ${(need / of.length).toFixed(1)}`;
  };
  const rows = FAMILIES.map((family) => [
    family,
    ...splits.map((split) => cell(lines.filter((line) => line.family === family && line.split === split))),
  ]);
  const all = ["all", ...splits.map((split) => cell(lines.filter((line) => line.split === split)))];
  return columnsOf([["family", ...splits], ...rows, all], new Set(splits.map((_, i) => i + 1)).add(0));
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}

function significant(value: number): string {
  return String(Number(value.toPrecision(3)));
}
