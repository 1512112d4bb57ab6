/** The document that an evaluation leaves: rows, the runs behind them, and all that is needed to make it again. */
import { meanOf } from "../bootstrap.ts";
import { boundsOfCell, type CellBounds } from "../bounds-of-cell.ts";
import { costOf } from "../cost.ts";
import type { NeededSpan } from "../foresight.ts";
import { FORESIGHT_POLICY, REFERENCE_POLICY } from "../knowing.ts";
import type { CellName, CellTerms, Matrix, RunJob } from "../matrix.ts";
import { rowsOf, type EvaluationRow, type RowTotals } from "../rows.ts";
import { WINDOW_SECONDS } from "../../core/window.ts";
import type { Run } from "../run.ts";
import type { GuardSwitch } from "../../sim/scaler.ts";
import { machine, versions, type Machine, type Versions } from "../files/machine.ts";
import type { NamedPolicy } from "../files/policies.ts";
import type { MatrixCell } from "../pool/run-matrix.ts";
import { summaryOf, type TraceSummary } from "../files/traces.ts";

/** The `kind` of such a file. */
export const RESULT_KIND = "replicant-evaluation";

/** A cell, and what is known of it whatever the policy. */
export interface CellSummary extends CellName, CellTerms {
  readonly calls: number;
  /** Replicas that the load needs at 70 % use, over the windows, before any bound; null live. */
  readonly needed: NeededSpan | null;
  readonly maxReplicas: number;
  /** Null live: there is no foresight there. */
  readonly oracle: {
    readonly sloViolationShare: number;
    readonly replicaSeconds: number;
    readonly cost: number;
  } | null;
  readonly foresight: CellBounds | null;
}

/** One run: a policy on a cell with one seed. */
export interface RunSummary extends CellName, RowTotals {
  readonly policy: string;
  readonly seed: number;
  /** Null live: where the policy left them before the load. */
  readonly initialReplicas: number | null;
}

/** The content of a result's file. */
export interface EvaluationResult {
  readonly kind: typeof RESULT_KIND;
  readonly version: 1;
  /** Where the policies ran: in the simulator, or on a running platform. */
  readonly env: "sim" | "live";
  readonly rows: readonly EvaluationRow[];
  readonly cells: readonly CellSummary[];
  readonly policies: readonly NamedPolicy[];
  readonly traces: readonly TraceSummary[];
  readonly seeds: readonly number[];
  readonly guard: GuardSwitch;
  readonly windowSeconds: number;
  readonly warnings: readonly string[];
  readonly runs: readonly RunSummary[];
  readonly versions: Versions;
  readonly machine: Machine;
  /** All that differs when the same is run again. */
  readonly made: {
    readonly at: string;
    readonly tookSeconds: number;
    readonly workers: number;
    readonly command: string;
  };
}

/** What a result is made of. */
export interface ResultParts {
  readonly cells: readonly MatrixCell[];
  readonly matrix: Matrix;
  readonly jobs: readonly RunJob[];
  readonly runs: readonly Run[];
  readonly policies: readonly NamedPolicy[];
  readonly guard: GuardSwitch;
  readonly warnings: readonly string[];
  readonly made: EvaluationResult["made"];
}

/** The result of an evaluation on this machine, from its runs. */
export function resultOf(parts: ResultParts): EvaluationResult {
  const { cells, matrix, jobs, runs, policies, guard, warnings, made } = parts;
  const rows = rowsOf(
    matrix,
    jobs,
    runs.map(({ totals }) => totals),
  );
  const traces = [...new Map(cells.map(({ trace }) => [trace.name, trace])).values()];
  return {
    kind: RESULT_KIND,
    version: 1,
    env: "sim",
    rows,
    cells: matrix.cells.map((cell, index) => {
      const ofPolicy = (policy: string) => runs.filter((_, i) => jobs[i]!.cell === index && jobs[i]!.policy === policy);
      return cellSummary(cell, cells[index]!, ofPolicy(REFERENCE_POLICY), ofPolicy(FORESIGHT_POLICY));
    }),
    policies,
    traces: traces.map(summaryOf),
    seeds: matrix.seeds,
    guard,
    windowSeconds: WINDOW_SECONDS,
    warnings,
    runs: jobs.map(({ cell, policy, seed }, i) => ({
      ...nameOf(matrix.cells[cell]!),
      policy,
      seed,
      initialReplicas: runs[i]!.initialReplicas,
      ...runs[i]!.totals,
    })),
    versions: versions(),
    machine: machine(),
    made,
  };
}

function nameOf({ trace, profile, rateScale }: CellName): CellName {
  return { trace, profile, rateScale };
}

function cellSummary(
  cell: Matrix["cells"][number],
  { profile }: MatrixCell,
  oracle: readonly Run[],
  foresight: readonly Run[],
): CellSummary {
  const mean = (of: (run: Run) => number) => meanOf(oracle.map(of));
  return {
    ...cell,
    maxReplicas: profile.maxReplicas,
    calls: mean(({ totals }) => totals.calls),
    needed: { mean: mean(({ needed }) => needed.mean), peak: Math.max(...oracle.map(({ needed }) => needed.peak)) },
    oracle: {
      sloViolationShare: mean(({ totals }) => totals.sloViolationShare),
      replicaSeconds: mean(({ totals }) => totals.replicaSeconds),
      cost: mean(({ totals }) => costOf(totals, cell.startCostSeconds)!),
    },
    foresight: boundsOfCell(
      foresight.map(({ bounds }) => bounds!),
      cell,
    ),
  };
}
