/** How far a training is, round by round. */
import type { Clock } from "../core/clock.ts";
import { progressBar, type ProgressOutput } from "../core/progress.ts";
import type { Round } from "../rl/training.ts";

/** The bar of a training. */
export interface TrainingProgress {
  /** Returns the steps per second since the start. */
  update(round: Round): number;
  end(): void;
}

/** A bar over the steps of a training, from those done already. */
export function trainingProgress(
  what: string,
  { fromSteps, totalSteps }: { readonly fromSteps: number; readonly totalSteps: number },
  clock: Pick<Clock, "nowMs">,
  output: ProgressOutput,
): TrainingProgress {
  const startMs = clock.nowMs();
  const bar = progressBar(what, clock, output);
  let lastReturn: number | null = null;
  return {
    update({ state, report }) {
      const stepsPerSecond = ((state.steps - fromSteps) * 1000) / Math.max(1, clock.nowMs() - startMs);
      lastReturn = report.meanReturn ?? lastReturn;
      const counts = [
        `${state.steps} steps, ${stepsPerSecond.toFixed(0)}/s`,
        `return ${lastReturn?.toFixed(2) ?? "–"}`,
        `KL ${report.approxKl.toFixed(4)}`,
        `entropy ${report.entropy.toFixed(2)}`,
      ];
      const share = Math.min(1, (state.steps - fromSteps) / Math.max(1, totalSteps - fromSteps));
      bar.draw(share, counts.join(", "));
      return stepsPerSecond;
    },
    end: () => bar.end(),
  };
}
