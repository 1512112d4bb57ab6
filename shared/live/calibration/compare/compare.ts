/** A comparison of simulator and platform: fitted on one replay, reported on another, and policies ranked live and simulated. */
import { BadInputError } from "../../../core/errors.ts";
import type { ManagedFunction } from "../../../core/managed-function.ts";
import { seededRandom } from "../../../core/random.ts";
import { planSchedule, type Schedule } from "../../../traces/schedule.ts";
import { loadTrace } from "../../../traces/load-trace.ts";
import { scheduleDigest } from "../../../load/schedule-file.ts";
import { errorTable, seedNoise, type WindowPair } from "../../../sim/calibration/comparison.ts";
import type { ProfileDocument } from "../../../sim/calibration/profile-document.ts";
import { refine, simulateScript, simulateScriptOften } from "../../../sim/calibration/refine.ts";
import { scriptedCounts } from "../../../sim/calibration/script.ts";
import type { SimProfile } from "../../../sim/profiles.ts";
import { simulatedScores } from "../../../evaluation/simulated-scores.ts";
import { readStack } from "../../../deploy/stack.ts";
import { planLoad } from "../../load.ts";
import { managedFunctions } from "../../managed.ts";
import { readProfileFile, type WrittenProfile } from "../../../evaluation/files/profile-file.ts";
import { calibrate, type CalibrateWorld } from "../calibrate.ts";
import type { CalibrateOptions, CompareOptions } from "../options.ts";
import type { Comparison, ReplayComparison } from "./comparison.ts";
import { openLiveBook } from "./live-book.ts";
import { liveScore, rankedPolicy, rankingOf, type LiveRun, type RankedPolicy, type RankingRow } from "./ranking.ts";
import { scriptedReplays, type ScriptedResult } from "./scripted-replay.ts";
import { WINDOW_SECONDS } from "../../../core/window.ts";
import { traceSeconds } from "../../../traces/trace.ts";

/** Other simulations, which show how far chance alone leads apart. */
const NOISE_RUNS = 6;

/** The options of a comparison, read and checked. */
export interface ComparisonPlan extends CompareOptions {
  readonly managed: ManagedFunction;
  readonly ranked: readonly RankedPolicy[];
  /** The profile of `from`. */
  readonly known: Pick<ProfileDocument, "timeLapse" | "profile"> | null;
}

/** Reads and checks everything before anything starts. Throws `BadInputError`. */
export async function planComparison(
  asked: CompareOptions,
  options: Pick<CalibrateOptions, "stack" | "functionName" | "timeLapse">,
  { env }: Pick<CalibrateWorld, "env">,
): Promise<ComparisonPlan> {
  const ranked: RankedPolicy[] = [];
  for (const name of asked.policies) ranked.push(await rankedPolicy(name));
  if (ranked.length < 2)
    throw new BadInputError(`--policies must name at least two, was: '${asked.policies.join(",")}'`);
  const windowsThere = Math.floor(traceSeconds(await loadTrace(asked.trace)) / WINDOW_SECONDS);
  const needed = asked.fromWindow + 2 * asked.windows;
  if (needed > windowsThere) {
    throw new BadInputError(
      `${asked.trace}: two replays of ${asked.windows} windows from window ${asked.fromWindow} on need ${needed}, and it has ${windowsThere}`,
    );
  }
  const managed = managedOf(options, env);
  const known = asked.from === null ? null : await readProfileFile(asked.from);
  if (known) checkTimeLapse(known, asked.from!, options);
  return { ...asked, managed, ranked, known };
}

/** The result of a comparison. */
export interface Compared {
  readonly comparison: Comparison;
  /** Refined on the fitted replay; null where the profile was measured before. */
  readonly written: WrittenProfile | null;
}

/** Throws `InterruptedError` when the person ends it. */
export async function compare(
  asked: ComparisonPlan,
  options: CalibrateOptions,
  world: CalibrateWorld,
): Promise<Compared> {
  const { managed, known } = asked;
  const calibrated = known === null ? await calibrate(options, world) : null;
  const measured = known?.profile ?? calibrated!.calibration.profile;
  const schedules = await Promise.all([0, 1].map((half) => scheduleOf(asked, measured, half)));
  const counts = schedules.map((schedule, half) =>
    scriptedCounts(schedule, measured, seededRandom(`${asked.seed}/script/${half}`)),
  );

  const book = await openLiveBook(asked.resume);
  const runs = await Promise.all(
    counts.map(async (each, half) => ({ ...(await planOf(asked, options.stack, managed, half)), counts: each })),
  );
  const script = { ...runOf({ ...options, ...asked }), scripted: counts };
  const replay = () => {
    world.say(`two scripted replays of ${asked.windows} windows, live …`);
    return scriptedReplays(runs, { ...options, ...asked }, world);
  };
  const lives = await book.remembered(script, replay, (made) => made.every(isValid));
  lives.forEach((live, half) => checkDigest(live.scheduleDigest, schedules[half]!));
  const run = (half: number) => ({ schedule: schedules[half]!, counts: counts[half]!, live: lives[half]!.windows });
  const { profile, refinement } = refine(measured, run(0));
  const replays = (["fitted", "reported"] as const).map((role, half) =>
    comparisonOf(role, lives[half]!, simulateScriptOften(run(half), profile), { asked, half, counts: counts[half]! }),
  );

  const rows: RankingRow[] = [];
  const slice = runOf({ ...options, ...asked, fromWindow: asked.fromWindow + asked.windows });
  for (const policy of asked.ranked) {
    const key = { ...slice, policy: policy.liveName };
    const play = () => {
      world.say(`${policy.name}, live …`);
      return liveScore(policy, slice, world);
    };
    const { invalidBecause, scheduleDigest: digest, ...live } = await book.remembered(key, play, isValid);
    if (digest !== null) checkDigest(digest, schedules[1]!);
    const simulated = await simulatedScores(policy.simulatedName, schedules[1]!, profile);
    rows.push({ policy: policy.name, ...live, ...simulated, invalidBecause });
  }

  const comparison: Comparison = {
    ...{ timeLapse: options.timeLapse, trace: asked.trace, rateScale: asked.rateScale, seed: asked.seed },
    ...{ profile, refinement, replays },
    unrefined: errorTable(paired(lives[1]!, simulateScriptOften(run(1), measured))),
    noise: seedNoise(Array.from({ length: NOISE_RUNS }, (_, i) => simulateScript(run(1), profile, `noise/${i}`))),
    ranking: rankingOf(rows),
  };
  return { comparison, written: calibrated && { ...calibrated.written, profile } };
}

/** What makes a live run another one. */
function runOf({ stack, trace, fromWindow, windows, rateScale, timeLapse, seed }: LiveRun) {
  return { stack, trace, fromWindow, windows, rateScale, timeLapse, seed };
}

const isValid = ({ invalidBecause }: { readonly invalidBecause: string | null }) => invalidBecause === null;

function managedOf(
  { stack, functionName }: Pick<CalibrateOptions, "stack" | "functionName">,
  env: CalibrateWorld["env"],
): ManagedFunction {
  const found = managedFunctions(readStack(stack, env), stack);
  // The load of a run goes to the first managed function.
  if (found[0]?.functionName === functionName) return found[0];
  throw new BadInputError(`--function must be the first managed function of ${stack}, was: '${functionName}'`);
}

function checkTimeLapse(
  { timeLapse }: Pick<ProfileDocument, "timeLapse">,
  file: string,
  options: Pick<CalibrateOptions, "timeLapse">,
): void {
  if (timeLapse === options.timeLapse) return;
  throw new BadInputError(
    `${file}: was measured for time-lapse ${timeLapse}, and this comparison runs at ${options.timeLapse}: give --time-lapse ${timeLapse}`,
  );
}

async function planOf(asked: CompareOptions, stack: string, managed: ManagedFunction, half: number) {
  const { trace, windows } = asked;
  const fromWindow = asked.fromWindow + half * windows;
  return { plan: await planLoad({ trace, windows, fromWindow, stack, format: null }, [managed]), fromWindow };
}

/** What the load generator will plan, planned here. */
async function scheduleOf(asked: CompareOptions, { workCv }: SimProfile, half: number): Promise<Schedule> {
  const { trace, seed, rateScale, windows, fromWindow } = asked;
  return planSchedule(await loadTrace(trace), {
    ...{ seed, rateScale, workCv, windowSeconds: WINDOW_SECONDS },
    fromSeconds: (fromWindow + half * windows) * WINDOW_SECONDS,
    durationSeconds: windows * WINDOW_SECONDS,
  });
}

/** Live and simulated must be the same calls, or the comparison says nothing. */
function checkDigest(digest: string, schedule: Schedule): void {
  const ours = scheduleDigest(schedule);
  if (digest !== ours) throw new Error(`the live load's schedule is ${digest}, the simulated one's ${ours}`);
}

function paired(live: ScriptedResult, simulated: ReturnType<typeof simulateScriptOften>): WindowPair[] {
  return live.windows.map((window, index) => ({ index, live: window, simulated: simulated[index]! }));
}

function comparisonOf(
  role: ReplayComparison["role"],
  live: ScriptedResult,
  simulated: ReturnType<typeof simulateScriptOften>,
  { asked, half, counts }: { asked: CompareOptions; half: number; counts: readonly number[] },
): ReplayComparison {
  const windows = paired(live, simulated);
  const fromWindow = asked.fromWindow + half * asked.windows;
  return { role, fromWindow, counts, windows, errors: errorTable(windows), invalidBecause: live.invalidBecause };
}
