/** A bar with the time left, on one line of a terminal; a line now and then where there is none. */
import type { Clock } from "./clock.ts";

/** Where progress is drawn: a terminal, or a log that gets a line now and then. */
export interface ProgressOutput {
  readonly isTty: boolean;
  readonly columns: number;
  write(text: string): void;
}

/** A bar for one piece of work. */
export interface ProgressBar {
  /** `share` of all, 0…1; `counts`: what is done so far, in words. Draws no oftener than is of use. */
  draw(share: number, counts: string): void;
  /** Removes the bar. */
  end(): void;
}

const REDRAW_MS = 100;
const LINE_MS = 10_000;

/** `what`: what goes on, in a word or two. */
export function progressBar(what: string, clock: Pick<Clock, "nowMs">, output: ProgressOutput): ProgressBar {
  const startMs = clock.nowMs();
  let lastMs = startMs;
  return {
    draw(share, counts) {
      const nowMs = clock.nowMs();
      if (nowMs - lastMs < (output.isTty ? REDRAW_MS : LINE_MS)) return;
      lastMs = nowMs;
      const line = progressLine({ what, share, counts, elapsedSeconds: (nowMs - startMs) / 1000 });
      output.write(output.isTty ? `\r\u001b[K${line.slice(0, Math.max(20, output.columns - 1))}` : `${line}\n`);
    },
    end() {
      if (output.isTty) output.write("\r\u001b[K");
    },
  };
}

/** A bar for several jobs that run side by side. */
export interface JobsProgress {
  /** `share` of job `index`, 0…1. */
  update(index: number, share: number): void;
  /** Removes the bar. */
  end(): void;
}

/** A bar over several jobs. `weights`: how long each takes, in any unit. */
export function startProgress(
  what: string,
  weights: readonly number[],
  clock: Pick<Clock, "nowMs">,
  output: ProgressOutput,
): JobsProgress {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = new Float64Array(weights.length);
  const bar = progressBar(what, clock, output);
  let [done, jobsDone] = [0, 0];
  return {
    update(index, share) {
      done += (share - shares[index]!) * weights[index]!;
      if (share >= 1 && shares[index]! < 1) jobsDone++;
      shares[index] = share;
      bar.draw(total > 0 ? done / total : 1, `${jobsDone}/${weights.length} runs`);
    },
    end: () => bar.end(),
  };
}

/** What a line of progress shows. */
export interface ProgressState {
  readonly what: string;
  readonly share: number;
  readonly counts: string;
  readonly elapsedSeconds: number;
}

const BAR_CELLS = 28;

/** A line of progress: the bar, the percentage, the counts and the time left. */
export function progressLine({ what, share, counts, elapsedSeconds }: ProgressState): string {
  const full = Math.min(BAR_CELLS, Math.max(0, Math.round(share * BAR_CELLS)));
  const bar = "█".repeat(full) + "░".repeat(BAR_CELLS - full);
  const left = share > 0 ? durationText((elapsedSeconds * (1 - share)) / share) : "–";
  return `${what} ${bar} ${String(Math.round(share * 100)).padStart(3)} %  ${counts}, ${left} left`;
}

/** A duration for people, in two units: "42 s", "3 min 05 s", "2 h 10 min". */
export function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}
