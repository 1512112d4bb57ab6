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
import { scriptedReplays, type ScriptedResult, type ScriptedRun } from "./scripted-replay.ts";
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
  const { stack, functionName, timeLapse } = options;
  // The load of a run goes to the first managed function.
  const [managed] = managedFunctions(readStack(stack, env), stack);
  if (managed?.functionName !== functionName) {
    throw new BadInputError(`--function must be the first managed function of ${stack}, was: '${functionName}'`);
  }
  const known = asked.from === null ? null : await readProfileFile(asked.from);
  if (known && known.timeLapse !== timeLapse) {
    throw new BadInputError(
      `${asked.from}: was measured for time-lapse ${known.timeLapse}, and this comparison runs at ${timeLapse}: give --time-lapse ${known.timeLapse}`,
    );
  }
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
  const halves = [0, 1].map((half) => ({ ...asked, fromWindow: asked.fromWindow + half * asked.windows }));
  const schedules = await Promise.all(halves.map((half) => scheduleOf(half, measured)));
  const counts = schedules.map((schedule, half) =>
    scriptedCounts(schedule, measured, seededRandom(`${asked.seed}/script/${half}`)),
  );

  const book = await openLiveBook(asked.resume);
  const runs = await Promise.all(
    halves.map(async ({ trace, windows, fromWindow }, half) => {
      const plan = await planLoad({ trace, windows, fromWindow, stack: options.stack, format: null }, [managed]);
      return { plan, fromWindow, counts: counts[half]! };
    }),
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
    comparisonOf(role, lives[half]!, simulateScriptOften(run(half), profile), runs[half]!),
  );

  const rows: RankingRow[] = [];
  const slice = runOf({ ...options, ...halves[1]! });
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

/** What the load generator will plan, planned here. */
async function scheduleOf(half: CompareOptions, { workCv }: SimProfile): Promise<Schedule> {
  const { trace, seed, rateScale, windows, fromWindow } = half;
  return planSchedule(await loadTrace(trace), {
    ...{ seed, rateScale, workCv, windowSeconds: WINDOW_SECONDS },
    fromSeconds: fromWindow * WINDOW_SECONDS,
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
  { fromWindow, counts }: ScriptedRun,
): ReplayComparison {
  const windows = paired(live, simulated);
  return { role, fromWindow, counts, windows, errors: errorTable(windows), invalidBecause: live.invalidBecause };
}
