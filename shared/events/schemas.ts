/** The shape of every event's data, field by field. A field added here must be added in core first: the types are checked against it. */
import * as z from "zod";

import type { ControlMemory } from "../core/control-memory.ts";
import type { ReplicaTarget } from "../core/replica-target.ts";
import { DECISION_TRIGGERS, GUARD_STAGES, type Applied } from "../core/decision.ts";
import { valueNestsDeeperThan } from "../core/json-depth.ts";
import type { LoadReport } from "../core/load.ts";
import { MANAGED_DEFAULTS, MODES, type ManagedFunction } from "../core/managed-function.ts";
import { MODEL_ACTIONS, type ModelNews } from "../core/model.ts";
import type { LearnedDetail, Proposal } from "../core/proposal.ts";
import type { Fact } from "../core/transition.ts";
import { SLO_PERCENTILES } from "../core/slo.ts";
import { HISTORY_WINDOWS, type MetricsWindow, type Tick } from "../core/window.ts";
import type { EventKind } from "./subjects.ts";
import type { EventData, ProposalMade, TickTaken, WindowClosed } from "./types.ts";

const name = z.string().min(1).max(253);
/** A name, a generation and an instant. */
const id = z.string().min(1).max(384);
const text = z.string().max(2_000);
const count = z.number().int().min(0);
const replicas = count.max(100_000);
const amount = z.number().min(0);
const instantMs = z.number().min(0).max(8.64e15);
// Events from before there were generations have none.
const generation = z.string().max(64).default("");
const timeLapse = z.number().min(1).max(100_000);
const counts = z.number().min(0);
const identity = z.object({ name: text, version: text });

const managedFields = z.object({
  functionName: name,
  namespace: name,
  mode: z.enum(MODES),
  policy: text,
  minReplicas: replicas,
  maxReplicas: replicas.min(1),
  slo: z.object({ seconds: z.number().positive(), percentile: z.literal(SLO_PERCENTILES) }),
  startCostSeconds: amount.default(MANAGED_DEFAULTS.startCostSeconds),
  targetInFlight: z.number().positive(),
  platform: z.object({ minReplicas: replicas.nullable(), maxReplicas: replicas.nullable() }).optional(),
});

const managed = z.preprocess(withSlo, managedFields) satisfies z.ZodType<ManagedFunction>;

/** Events from before an SLO had a percentile give its 95th alone. */
function withSlo(given: unknown): unknown {
  if (typeof given !== "object" || given === null || "slo" in given || !("sloP95Seconds" in given)) return given;
  const { sloP95Seconds, ...rest } = given;
  return { ...rest, slo: { seconds: sloP95Seconds, percentile: 95 } };
}

/** A window by itself. */
export const WINDOW_SCHEMA = z.object({
  functionName: name,
  namespace: name,
  generation,
  seq: count.min(1),
  windowSeconds: z.number().positive(),
  endedAtMs: instantMs,
  timeLapse,
  arrivals: counts.nullable(),
  completedOk: counts.nullable(),
  completedError: z.object({ "4xx": counts, "429": counts, "5xx": counts, "504": counts }).nullable(),
  throughputRps: amount.nullable(),
  executionSecondsMean: amount.nullable(),
  latencySeconds: z.object({ p50: amount.nullable(), p95: amount.nullable(), p99: amount.nullable() }),
  // Events from before it was measured have none.
  late: z
    .object({ share: z.number().min(0).max(1).nullable(), because: text.nullable() })
    .default({ share: null, because: "not measured" }),
  inFlightMean: amount.nullable(),
  inFlightMax: amount.nullable(),
  desiredReplicas: replicas.nullable(),
  availableReplicas: replicas.nullable(),
  cpuRatio: amount.nullable(),
  memoryRatio: amount.nullable(),
  metricAgeSeconds: amount.nullable(),
  missing: z.array(name).max(32),
}) satisfies z.ZodType<MetricsWindow>;

/** Far more than any version's windows need, far less than cannot be written again. */
const HISTORY_DEPTH = 16;

/** Its entries are read by whoever needs them; whoever only hands them on must be able to write them. */
const history = z
  .array(z.unknown())
  .max(HISTORY_WINDOWS)
  .refine((entries) => !valueNestsDeeperThan(entries, HISTORY_DEPTH), {
    message: `must nest at most ${HISTORY_DEPTH} deep`,
  });

const tick = z.object({
  functionName: name,
  namespace: name,
  generation,
  atMs: instantMs,
  timeLapse,
  inFlight: amount.nullable(),
  desiredReplicas: replicas.nullable(),
  availableReplicas: replicas.nullable(),
  arrivals: counts.nullable(),
  metricAgeSeconds: amount.nullable(),
}) satisfies z.ZodType<Tick>;

const learned = z.object({
  layout: text,
  observation: z.array(z.number()).max(512),
  action: count,
  actionMask: z.array(z.boolean()).max(64),
  logProbability: z.number().max(0),
  value: z.number(),
}) satisfies z.ZodType<LearnedDetail>;

const target = z.object({
  replicasPerRps: amount,
  headroom: amount.max(1_000),
  headroomWords: text.optional(),
  inFlightPerReplica: z.number().positive(),
  patienceSeconds: amount,
  leastReplicas: replicas,
  holdSeconds: amount.max(86_400),
  holdStarts: amount.max(1_000),
  memory: z
    .record(name, z.number())
    .refine((memory) => Object.keys(memory).length <= 128, { message: "must hold at most 128 numbers" }),
}) satisfies z.ZodType<ReplicaTarget>;

const control = z.object({
  policy: identity,
  target,
  span: z.object({ seconds: amount, arrivals: counts }),
  startSeconds: amount.nullable(),
}) satisfies z.ZodType<ControlMemory>;

const proposal = z.object({
  decisionId: id,
  functionName: name,
  namespace: name,
  generation,
  seq: count.min(1),
  endedAtMs: instantMs,
  policy: identity,
  proposedReplicas: replicas,
  because: text,
  learned: learned.nullable(),
  target: target.optional(),
  isAdvice: z.boolean().optional(),
}) satisfies z.ZodType<Proposal>;

const applied = z.object({
  decisionId: id,
  functionName: name,
  namespace: name,
  generation,
  seq: count.nullable(),
  atMs: instantMs,
  trigger: z.enum(DECISION_TRIGGERS),
  mode: z.enum(MODES),
  policy: identity,
  current: replicas.nullable(),
  proposed: replicas.nullable(),
  stages: z.array(z.object({ stage: z.enum(GUARD_STAGES), replicas, note: text.nullable() })).max(16),
  desired: replicas.nullable(),
  applied: replicas.nullable(),
  target: text,
  // Events from before there was a lease have none.
  fencing: count.nullable().default(null),
  guardSinceMs: instantMs.optional(),
  previousId: id.nullable().optional(),
  control: control.optional(),
  reason: text,
}) satisfies z.ZodType<Applied>;

const model = z.object({
  functionName: name,
  policy: identity,
  layout: text,
  digest: text,
  action: z.enum(MODEL_ACTIONS),
  summary: text,
}) satisfies z.ZodType<ModelNews>;

// Reports from before it was counted have none.
const lateCounts = z.object({ fromIntended: count, fromSent: count }).nullable().default(null);

const load = z.object({
  runId: name,
  functionName: name,
  phase: z.enum(["started", "window", "finished"]),
  scheduleDigest: text,
  totals: z.object({
    scheduled: count,
    sent: count,
    ok: count,
    failed: count,
    shed: count,
    unfinished: count,
    failedByClass: z.partialRecord(z.enum(["connect", "timeout", "reset", "429", "4xx", "502", "504", "5xx"]), count),
    late: lateCounts,
  }),
  window: z
    .object({
      index: count,
      endedAtMs: instantMs,
      scheduled: count,
      sent: count,
      ok: count,
      failed: count,
      shed: count,
      p50Seconds: amount.nullable(),
      p95Seconds: amount.nullable(),
      p99Seconds: amount.nullable(),
      latenessP99Ms: amount.nullable(),
      late: lateCounts,
    })
    .nullable(),
  valid: z.boolean().nullable(),
  invalidBecause: text.nullable(),
  sloViolationShare: z.number().min(0).max(1).nullable(),
}) as unknown as z.ZodType<LoadReport>;

/** Data schema of each kind; the `satisfies` above keep both sides equal. */
export const DATA_SCHEMAS: { readonly [K in EventKind]: z.ZodType<EventData[K]> } = {
  tick: z.object({ managed, tick }) satisfies z.ZodType<TickTaken>,
  window: z.object({
    managed,
    window: WINDOW_SCHEMA,
    history,
    control: control.optional(),
  }) satisfies z.ZodType<WindowClosed>,
  proposal: z
    .object({ managed, proposal, window: WINDOW_SCHEMA })
    // A proposer that knows no generations answers the window that it was given.
    .transform((made) => ({
      ...made,
      proposal: { ...made.proposal, generation: made.proposal.generation || made.window.generation },
    })) satisfies z.ZodType<ProposalMade>,
  applied,
  model,
  load,
};

/** A fact as a log has it. */
export const FACT_SCHEMA = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("window"), managed, window: WINDOW_SCHEMA }),
  z.object({ kind: z.literal("proposal"), proposal }),
  z.object({ kind: z.literal("applied"), applied }),
]) satisfies z.ZodType<Fact>;

/** The CloudEvents 1.0 envelope; `data` is checked by kind afterwards. */
export const ENVELOPE_SCHEMA = z.object({
  specversion: z.literal("1.0"),
  id: z.string().min(1).max(512),
  source: z.string().min(1).max(512),
  type: z.string().min(1).max(255),
  subject: name,
  time: z.iso.datetime({ offset: true }),
  datacontenttype: z.literal("application/json").optional(),
  data: z.unknown(),
});
