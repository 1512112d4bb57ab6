/** How far a training is: a bar on one line of a terminal, a line now and then where there is none. */
import type { Clock } from "#shared/core/clock.ts";
import type { Round } from "#shared/rl/training.ts";
import { progressLine, type ProgressOutput } from "#shared/core/progress.ts";

const LINE_MS = 10_000;

export interface TrainingProgress {
  /** Answers the steps per second since the start. */
  update(round: Round): number;
  end(): void;
}

export function trainingProgress(
  what: string,
  { fromSteps, totalSteps }: { readonly fromSteps: number; readonly totalSteps: number },
  clock: Pick<Clock, "nowMs">,
  output: ProgressOutput,
): TrainingProgress {
  const startMs = clock.nowMs();
  let lastMs = startMs;
  let lastReturn: number | null = null;
  return {
    update({ state, report }) {
      const nowMs = clock.nowMs();
      const elapsedSeconds = Math.max(1, nowMs - startMs) / 1000;
      const stepsPerSecond = (state.steps - fromSteps) / elapsedSeconds;
      lastReturn = report.meanReturn ?? lastReturn;
      if (!output.isTty && nowMs - lastMs < LINE_MS) return stepsPerSecond;
      lastMs = nowMs;
      const counts = [
        `${state.steps} steps, ${stepsPerSecond.toFixed(0)}/s`,
        `return ${lastReturn?.toFixed(2) ?? "–"}`,
        `KL ${report.approxKl.toFixed(4)}`,
        `entropy ${report.entropy.toFixed(2)}`,
      ].join(", ");
      const share = Math.min(1, (state.steps - fromSteps) / Math.max(1, totalSteps - fromSteps));
      const line = progressLine({ what, share, counts, elapsedSeconds });
      output.write(output.isTty ? `\r\u001b[K${line.slice(0, Math.max(20, output.columns - 1))}` : `${line}\n`);
      return stepsPerSecond;
    },
    end() {
      if (output.isTty) output.write("\r\u001b[K");
    },
  };
}
