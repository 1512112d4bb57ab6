/**
 * What learning on-line costs while it lasts: violations with guard, modes and rollback, without them, and under the rule alone, on
 * the same calls. Simulated time; policy-inference, scaler and trainer are the ones in service.
 */
import { resolve } from "node:path";

import { shippedModels } from "#shared/adapters/model-registry/shipped.ts";
import { seededRandom } from "#shared/core/random.ts";
import { planSchedule, type Schedule } from "#shared/traces/schedule.ts";
import { loadTrace } from "#shared/traces/load-trace.ts";
import type { MakeEngine } from "#shared/policies/served-model.ts";
import { decodeCheckpoint } from "#shared/rl/checkpoint/decode.ts";
import { encodeCheckpoint } from "#shared/rl/checkpoint/encode.ts";
import type { Checkpoint } from "#shared/rl/checkpoint/types.ts";
import { initialWeights } from "#shared/rl/engine/initialise.ts";
import { createWasmEngine } from "#shared/rl/engine/wasm/engine.ts";
import { simProfile } from "#shared/sim/profiles.ts";
import { negated } from "../support/a-checkpoint.ts";
import { kernelBytes } from "../support/kernel.ts";
import { runExploring, type Told } from "./online-exploring.ts";
import { runOnline, type Care, type OnlineOutcome } from "./online-loop.ts";
import type { Row, Section } from "./section.ts";

const seeds = [1, 2, 3];
const windows = 240;
const windowSeconds = 30;
/** In the test split: no shipped model has seen it. */
const trace = "traces/nasa1995_july_requests_30s.json";
const rule = "openfaas-pro";
/** As the demo's function. */
const profile = simProfile("stress", { targetInFlight: 2, maxReplicas: 12 });
/** Rollouts of half an hour in place of two, and as much less simulated learning, so that a run holds several. */
const rolloutWindows = 60;
const training = { isAutomatic: true, rolloutWindows, simulatedSteps: 4_096, judgeWindows: 6 };

const STARTS = ["untrained", "shipped", "negated"] as const;
type Start = (typeof STARTS)[number];
const PUBLISHED = "lstm-ppo-plus, as published";

export const onlineSection: Section = {
  name: `online: learning on a running function, ${seeds.length} × ${windows} windows, simulated`,
  run: async () => {
    const kernel = await kernelBytes;
    const makeEngine: MakeEngine = (spec, weights) => createWasmEngine(kernel, spec, weights);
    const source = shippedModels(resolve("shared/models"));
    const product = decodeCheckpoint(await source.read("lstm-ppo-plus@product"));
    const published = decodeCheckpoint(await source.read("lstm-ppo-plus@paper"));
    const loaded = await loadTrace(trace);
    const most = Math.floor((loaded as { counts: readonly number[] }).counts.length - windows);

    const alone: OnlineOutcome[] = [];
    const cared = new Map<string, OnlineOutcome[]>();
    const explored = new Map<string, Told[]>();
    for (const seed of seeds) {
      const fromSeconds = seededRandom(`excerpt ${seed}`).integer(most) * windowSeconds;
      const span = { fromSeconds, durationSeconds: windows * windowSeconds, rateScale: 2, workCv: profile.workCv };
      const schedule = planSchedule(loaded, { seed, ...span });
      const about = { schedule, profile, seed, rule, training, makeEngine };
      const startFiles = filesOf(product, seed);
      alone.push(await runOnline({ ...about, policy: rule, start: startFiles.shipped, care: "guarded" }));
      for (const start of STARTS) {
        for (const care of ["guarded", "unguarded"] as const) {
          const outcome = await runOnline({ ...about, policy: "model:start", start: startFiles[start], care });
          push(cared, keyOf(start, care), outcome);
        }
      }
      for (const [name, checkpoint] of [
        ["untrained", product],
        [PUBLISHED, published],
      ] as const) {
        push(explored, name, await explore(untrained(checkpoint, seed), schedule, seed, makeEngine));
      }
    }
    return rowsOf(alone, cared, explored);
  },
};

const keyOf = (start: Start, care: Care) => `${start} ${care}`;

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  map.set(key, [...(map.get(key) ?? []), value]);
}

function untrained(checkpoint: Checkpoint, seed: number): Checkpoint {
  const weights = initialWeights(checkpoint.record.network, seededRandom(`untrained ${seed}`));
  return { ...checkpoint, weights, record: { ...checkpoint.record, steps: 0 }, continuation: null };
}

function filesOf(product: Checkpoint, seed: number) {
  const shipped = encodeCheckpoint({ ...product, continuation: null });
  return { shipped, negated: negated(shipped), untrained: encodeCheckpoint(untrained(product, seed)) };
}

function explore(start: Checkpoint, schedule: Schedule, seed: number, makeEngine: MakeEngine): Promise<Told> {
  return runExploring({ schedule, profile, seed, start, rolloutWindows, makeEngine });
}

function rowsOf(
  alone: readonly OnlineOutcome[],
  cared: ReadonlyMap<string, readonly OnlineOutcome[]>,
  explored: ReadonlyMap<string, readonly Told[]>,
): Row[] {
  const ruled = shareOf(alone);
  const cost = sum(alone, ({ replicaSeconds }) => replicaSeconds);
  const shares = (outcomes: readonly Told[]) => outcomes.map((one) => (100 * one.violations) / one.calls);
  const share = (what: string, outcomes: readonly Told[], more = ""): Row => ({
    what,
    value: 100 * shareOf(outcomes),
    unit: "% violations",
    note:
      `${shares(outcomes)
        .map((one) => one.toFixed(1))
        .join(", ")} by seed; ` +
      `replica-seconds ${(sum(outcomes, ({ replicaSeconds }) => replicaSeconds) / cost).toFixed(2)} of the rule's${more}`,
  });
  const rows: Row[] = [share(`the rule alone (${rule})`, alone)];
  for (const start of STARTS) {
    const guarded = cared.get(keyOf(start, "guarded"))!;
    const unguarded = cared.get(keyOf(start, "unguarded"))!;
    rows.push(
      share(`${start}, guard, modes and rollback`, guarded, `; ${wordsOf(guarded)}`),
      share(`${start}, without them`, unguarded, `; ${wordsOf(unguarded)}`),
      {
        what: `${start}, guarded ÷ the rule alone`,
        value: shareOf(guarded) / ruled,
        unit: "×",
        note: `goal ≤ 1.05; ${ratios(guarded, alone)} by seed`,
      },
      { what: `${start}, unguarded ÷ guarded`, value: shareOf(unguarded) / shareOf(guarded), unit: "×" },
    );
  }
  const guarded = shareOf(cared.get(keyOf("untrained", "guarded"))!);
  for (const [name, told] of explored) {
    rows.push(share(`${name}, exploring on the platform, no simulator, no guard`, told), {
      what: `${name}, exploring ÷ guarded`,
      value: shareOf(told) / guarded,
      unit: "×",
      note: "AWARE: 16.9",
    });
  }
  return rows;
}

function ratios(some: readonly Told[], others: readonly Told[]): string {
  return some.map((one, i) => (shareOf([one]) / shareOf([others[i]!])).toFixed(2)).join(", ");
}

function wordsOf(outcomes: readonly OnlineOutcome[]): string {
  const total = (of: (outcome: OnlineOutcome) => number) => sum(outcomes, of);
  const byModel = total((one) => one.byModel) / total((one) => one.windows);
  return (
    `${Math.round(100 * byModel)} % of the windows the model's; ` +
    `${total(({ actions }) => actions.canary)} candidates taken, ${total(({ actions }) => actions.rejected)} rejected, ` +
    `${total(({ actions }) => actions["rolled-back"])} rolled back`
  );
}

function shareOf(outcomes: readonly Told[]): number {
  return sum(outcomes, ({ violations }) => violations) / sum(outcomes, ({ calls }) => calls);
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}
