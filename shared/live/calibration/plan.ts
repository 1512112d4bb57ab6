/** How much is measured: a minute's worth to see that it works, or some minutes for a profile to rely on. */

/** The measurements of a calibration: loads, limits, steps and their lengths. */
export interface CalibrationPlan {
  /** Nothing new is begun after so long. */
  readonly budgetSeconds: number;
  readonly noOp: { readonly rps: readonly number[]; readonly seconds: number };
  readonly ceilingSeconds: number;
  readonly limitsMilliCores: readonly number[];
  /** CPU time of a call, milliseconds of trace time. */
  readonly workMs: readonly number[];
  /** A cell of the work ladder ends after so many calls or seconds, but not before three calls. */
  readonly cell: { readonly calls: number; readonly seconds: number };
  /** Calls that do nothing at all would not use up a larger limit: they are mostly on their way. */
  readonly saturation: { readonly workMs: readonly number[]; readonly seconds: number };
  readonly steps: readonly (readonly [from: number, to: number])[];
  /** A step that has not reached its count by then is over. */
  readonly stepSeconds: number;
  readonly lagSeconds: number;
}

/** About a minute. */
export const QUICK: CalibrationPlan = {
  budgetSeconds: 45,
  noOp: { rps: [5, 50], seconds: 2 },
  ceilingSeconds: 1,
  limitsMilliCores: [100],
  workMs: [5, 20, 60],
  cell: { calls: 12, seconds: 2 },
  saturation: { workMs: [1, 5, 20], seconds: 1.2 },
  steps: [
    [1, 2],
    [2, 1],
    [1, 4],
    [4, 1],
  ],
  stepSeconds: 15,
  lagSeconds: 4,
};

/** Some minutes. */
export const FULL: CalibrationPlan = {
  budgetSeconds: 270,
  noOp: { rps: [1, 5, 20, 50, 100, 200], seconds: 4 },
  ceilingSeconds: 2,
  limitsMilliCores: [100, 250, 500],
  workMs: [5, 10, 20, 60, 300],
  cell: { calls: 40, seconds: 6 },
  saturation: { workMs: [1, 5, 20], seconds: 2.5 },
  steps: [
    [1, 2],
    [2, 1],
    [1, 2],
    [2, 1],
    [1, 5],
    [5, 20],
    [20, 2],
    [2, 1],
    [1, 5],
  ],
  stepSeconds: 30,
  lagSeconds: 12,
};
