/** When a model gains and loses control of a function: AWARE's bootstrapping rule, read in both directions. */
import type { ModelAction, ModelControl } from "./model.ts";

/** What model and rule would have brought on the same windows; rewards per window, the greater the better. */
export interface Estimate {
  readonly windows: number;
  readonly model: EstimatedOutcome;
  readonly rule: EstimatedOutcome;
}

/** What one policy would have brought: its mean reward a window, and the terms that people compare. */
export interface EstimatedOutcome {
  readonly reward: number;
  /** Requests late, failed or shed ÷ requests that ended. */
  readonly violationShare: number;
  readonly replicaSeconds: number;
}

/** Windows in a row in which the model was estimated worse than the rule, and in which it was not. */
export interface Trial {
  readonly worse: number;
  readonly notWorse: number;
}

/** How long and by how much a model must be worse, or no worse, before something changes. */
export interface LifecycleSettings {
  /** So many windows in a row decide. */
  readonly judgeWindows: number;
  /** Worse by less than this share of the rule's reward is not worse: estimates are noisy. */
  readonly marginRatio: number;
}

/** A trial that has just begun. */
export const NO_TRIAL: Trial = { worse: 0, notWorse: 0 };
/** Six windows in a row, a margin of 10 %. */
export const LIFECYCLE_DEFAULTS: LifecycleSettings = { judgeWindows: 6, marginRatio: 0.1 };

/** A change of what a model may do, and the action to report for it. */
export interface Switch {
  readonly action: ModelAction;
  readonly control: ModelControl;
}

/** The trial after one more estimate, and what changes by it. */
export interface Judgement {
  readonly trial: Trial;
  /** Null: all stays as it is. */
  readonly switch: Switch | null;
}

/** A model in service, and what it may do. */
export interface Judged {
  readonly control: ModelControl;
  readonly version: string;
}

/** Takes one estimate a window. In `shadow` and `off` it only counts: control comes back with a better model or by an operator. */
export function judge(
  { control, version }: Judged,
  before: Trial,
  estimate: Estimate,
  atMs: number,
  { judgeWindows, marginRatio }: LifecycleSettings,
): Judgement {
  const { model, rule } = estimate;
  const isWorse = model.reward < rule.reward - marginRatio * Math.abs(rule.reward);
  const trial = isWorse ? { worse: before.worse + 1, notWorse: 0 } : { worse: 0, notWorse: before.notWorse + 1 };
  const acts = control.mode === "auto" || control.mode === "canary";
  if (acts && trial.worse >= judgeWindows) {
    const why = `estimated worse than the rule for ${trial.worse} windows in a row: ${wordsOf(estimate)}`;
    return { trial: NO_TRIAL, switch: { action: "rolled-back", control: rolledBack(control, version, why, atMs) } };
  }
  if (control.mode === "canary" && trial.notWorse >= judgeWindows) {
    const why = `no worse than the rule for ${trial.notWorse} windows on trial: ${wordsOf(estimate)}`;
    return {
      trial: NO_TRIAL,
      switch: { action: "published", control: { ...control, mode: "auto", reason: why, atMs } },
    };
  }
  return { trial, switch: null };
}

/** To the version before, on trial no more; where there is none, the rule decides and the model, `version`, advises. */
export function rolledBack(control: ModelControl, version: string, why: string, atMs: number): ModelControl {
  const { before } = control;
  if (before === null) return { ...control, mode: "shadow", version, reason: `${why}; the rule decides`, atMs };
  const to = before.step === null ? "the shipped model" : `step ${before.step}`;
  return {
    ...control,
    step: before.step,
    before: null,
    mode: "auto",
    version: null,
    reason: `${why}; back to ${to}`,
    atMs,
  };
}

/** A better candidate begins on trial, whatever its predecessor may do; `off` is an operator's word and stays. */
export function onTrial(control: ModelControl, step: number, why: string, atMs: number): ModelControl {
  const hadControl = control.mode === "auto" || control.mode === "canary";
  const mode = control.mode === "off" ? "off" : "canary";
  return {
    ...control,
    step,
    before: hadControl ? { step: control.step } : null,
    mode,
    version: null,
    reason: why,
    atMs,
  };
}

/** Of a function's checkpoints those that may go: neither in use, nor to be gone back to, nor among the last `most`. */
export function stepsToForget(
  steps: readonly number[],
  { step, before }: ModelControl,
  most: number,
): readonly number[] {
  const ascending = [...steps].sort((a, b) => a - b);
  return ascending.slice(0, Math.max(0, ascending.length - most)).filter((one) => one !== step && one !== before?.step);
}

/** An estimate as one clause: both outcomes over its windows. */
export function wordsOf({ windows, model, rule }: Estimate): string {
  const one = ({ reward, violationShare, replicaSeconds }: EstimatedOutcome) =>
    `reward ${reward.toFixed(4)}, ${(100 * violationShare).toFixed(1)} % violations, ${Math.round(replicaSeconds)} replica-seconds`;
  return `over ${windows} windows the model ${one(model)}; the rule ${one(rule)}`;
}
