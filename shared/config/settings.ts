/** Every setting there is: environment name, default, range and meaning. The list in services/README.md is made from this one. */
import * as z from "zod";

/** One environment variable: its default, its range and its meaning. */
export interface Setting<T> {
  /** Default as it would be written in the environment; absent means required. */
  readonly fallback?: string;
  readonly parse: z.ZodType<T, string>;
  /** What is allowed, for people: completes "must be …". */
  readonly range: string;
  readonly meaning: string;
}

function setting<T>(range: string, meaning: string, parse: z.ZodType<T, string>, fallback?: string): Setting<T> {
  return { range, meaning, parse, ...(fallback === undefined ? {} : { fallback }) };
}

const number = (least: number, most: number) =>
  z
    .string()
    .regex(/^-?\d+(\.\d+)?(e-?\d+)?$/i)
    .transform(Number)
    .pipe(z.number().min(least).max(most));
const integer = (least: number, most: number) => number(least, most).pipe(z.number().int());
const text = z.string().min(1);
const flag = z.enum(["true", "false"]).transform((value) => value === "true");
const url = z.string().regex(/^https?:\/\/[^\s/]+(\/\S*)?$/);
const orNone = (value: z.ZodType<string, string>) =>
  z
    .literal("none")
    .transform(() => null)
    .or(value);

/** A file of its own, or a secret that is used where it is mounted. */
const natsFile = (what: string, meaning: string) =>
  setting("a file, or the name of a mounted secret", meaning, text, `nats-${what}`);

/** All settings by the name of their variable. */
export const SETTINGS = {
  NATS_URL: setting(
    "a nats:// URL or a comma-separated list of them",
    "Where the bus is.",
    text,
    "nats://127.0.0.1:4222",
  ),
  NATS_CREDS: natsFile("creds", "The NATS user's JWT and seed."),
  NATS_NKEY: natsFile("nkey", "The seed of the NATS user's nkey."),
  NATS_CA: natsFile("ca", "Whose signature the NATS server's certificate must have."),
  NATS_CERT: natsFile("cert", "Our certificate for a NATS server that asks for one."),
  NATS_KEY: natsFile("key", "The key of NATS_CERT."),
  REPLICANT_SUBJECT_PREFIX: setting(
    "letters, digits, '-' and '_'",
    "First token of every subject.",
    z.string().regex(/^[A-Za-z0-9_-]+$/),
    "replicant",
  ),
  OPENFAAS_URL: setting("an http(s) URL", "The gateway's address.", url, "http://127.0.0.1:8080"),
  FUNCTION_METRICS_URL: setting(
    "an http(s) URL",
    "Gateway metrics in the Prometheus text format.",
    url,
    "http://127.0.0.1:8082/metrics",
  ),
  CONTAINER_METRICS_URL: setting(
    "an http(s) URL",
    "Container metrics in the Prometheus text format.",
    url,
    "http://127.0.0.1:8082/containers/metrics",
  ),
  PROMETHEUS_A_URL: setting(
    "an http(s) URL, or none",
    "Function metrics through PromQL from this Prometheus, instead of scraping FUNCTION_METRICS_URL.",
    orNone(url),
    "none",
  ),
  PROMETHEUS_B_URL: setting(
    "an http(s) URL, or none",
    "Container metrics through PromQL from this Prometheus; may be the same one.",
    orNone(url),
    "none",
  ),
  PROMETHEUS_TIMEOUT_SECONDS: setting(
    "a number from 0.1 to 60",
    "How long one query may take, real time.",
    number(0.1, 60),
    "2",
  ),
  CONTAINER_METRICS_FROM: setting(
    "prometheus or kubernetes",
    "Where CPU and memory are read: PROMETHEUS_B_URL (else CONTAINER_METRICS_URL, where function metrics are scraped too), or metrics.k8s.io.",
    z.enum(["prometheus", "kubernetes"]),
    "prometheus",
  ),
  WINDOW_SECONDS: setting("a number from 1 to 3600", "Length of a window, trace time.", number(1, 3_600), "30"),
  TICK_SECONDS: setting("a number from 0.5 to 60", "Pause between two ticks, trace time.", number(0.5, 60), "2"),
  TIME_LAPSE: setting(
    "a number from 1 to 1000",
    "So many seconds of trace time pass in one real second. Only the collector and the load generator read it.",
    number(1, 1_000),
    "1",
  ),
  TIME_LAPSE_EPOCH_MS: setting(
    "a whole number of milliseconds since 1970",
    "Where trace time and wall time agree; set once for a run, so that a restarted collector goes on in the same time.",
    integer(0, 8.64e15),
    "0",
  ),
  FALLBACK_POLICY: setting(
    "the name of a rule",
    "The rule that decides when no proposal came for two windows.",
    text,
    "forecast-mpc",
  ),
  TRAINER_COUNT_RULE: setting(
    "the name of a rule",
    "What a model that decides counts at windows is compared with; one that ticks hold is compared with FALLBACK_POLICY.",
    text,
    "openfaas-pro",
  ),
  STABILISATION_SECONDS: setting(
    "a number from 0 to 3600",
    "Scale down only to the largest recommendation of so many seconds.",
    number(0, 3_600),
    "90",
  ),
  SCALER_FOLDER: setting(
    "a folder; a relative one is inside the temporary folder",
    "Where the scaler keeps what is frozen; a mounted volume keeps it beyond the pod.",
    text,
    "replicant/scaler",
  ),
  SCALE_TARGET: setting(
    "openfaas, kubernetes, or another target of the scaler",
    "Through which API replica counts are set: the gateway's, or the scale subresource of Deployments.",
    z.string().regex(/^[a-z][a-z0-9-]{0,40}$/),
    "openfaas",
  ),
  FUNCTION_NAMESPACES: setting(
    "names separated by commas",
    "Of SCALE_TARGET=kubernetes: where Deployments whose annotations ask for it are managed.",
    z
      .string()
      .regex(/^[a-z0-9-]+(,[a-z0-9-]+)*$/)
      .transform((value) => value.split(",")),
    "openfaas-fn",
  ),
  KUBECONFIG: setting(
    "a file, or none",
    "How Kubernetes is reached, when there is no secret `kubeconfig`; without either, as the pod's service account.",
    orNone(text),
    "none",
  ),
  KUBE_CONTEXT: setting("the name of a context, or current", "Which context of the kubeconfig.", text, "current"),
  LEASE: setting(
    "auto, nats, kubernetes or none",
    "Where several scalers agree on the one that acts. Auto: NATS where it has JetStream, else Kubernetes where that is the scale target, else none.",
    z.enum(["auto", "nats", "kubernetes", "none"]),
    "auto",
  ),
  MODEL_STORE: setting(
    "auto, nats or folder",
    "Where published models are kept: JetStream's object store, or MODEL_FOLDER. Auto: the object store where there is one.",
    z.enum(["auto", "nats", "folder"]),
    "auto",
  ),
  MODEL_FOLDER: setting(
    "a folder; a relative one is inside the temporary folder",
    "Models, where there is no object store: trainer and policy-inference must share it.",
    text,
    "replicant/models",
  ),
  MODEL_CONTROL: setting(
    "annotation or trainer",
    "Who gives a model control where the model registry says nothing: its annotation does, or it only advises until the trainer has said what it may do.",
    z.enum(["annotation", "trainer"]),
    "annotation",
  ),
  TRAINER_FOLDER: setting(
    "a folder; a relative one is inside the temporary folder",
    "The trainer's log of transitions; a mounted volume keeps it beyond the pod.",
    text,
    "replicant/trainer",
  ),
  TRAINER_AUTO: setting(
    "true or false",
    "Train by itself when a rollout is full or the load has drifted; else only on request.",
    flag,
    "true",
  ),
  TRAINER_ROLLOUT_WINDOWS: setting(
    "a whole number from 16 to 100000",
    "Transitions of a function that make a rollout.",
    integer(16, 100_000),
    "240",
  ),
  TRAINER_SIMULATED_STEPS: setting(
    "a whole number from 0 to 1000000",
    "Steps in the simulator, on the recorded load, that follow the update on live transitions.",
    integer(0, 1_000_000),
    "16384",
  ),
  TRAINER_JUDGE_WINDOWS: setting(
    "a whole number from 2 to 1000",
    "A model that is estimated worse than the rule for so many windows in a row loses control.",
    integer(2, 1_000),
    "6",
  ),
  TRAINER_PROFILES: setting(
    "a folder, or none",
    "What `replicant calibrate` measured, FUNCTION.json each: a function's models are judged and trained on it; else on the built-in profile.",
    orNone(text),
    "none",
  ),
  LEASE_NAMESPACE: setting("a namespace", "Where the Kubernetes Lease is.", text, "openfaas"),
  CONNECTOR_REBUILD_SECONDS: setting(
    "a number from 1 to 600",
    "How often the connector asks the gateway which function wants which subject.",
    number(1, 600),
    "5",
  ),
  LOG_LEVEL: setting(
    "trace, debug, info, warn, error or silent",
    "How much is logged.",
    z.enum(["trace", "debug", "info", "warn", "error", "silent"]),
    "info",
  ),
  secret_mount_path: setting("a folder", "Where OpenFaaS mounts secrets.", text, "/var/openfaas/secrets"),
  REPLICANT_INSECURE: setting(
    "true or false",
    "Accept unsigned calls when there is no `replicant-key` secret. For trials only.",
    flag,
    "false",
  ),
  MAX_REPLAY_IN_FLIGHT: setting(
    "a whole number from 1 to 100000",
    "The load generator sheds requests beyond so many in flight.",
    integer(1, 100_000),
    "2000",
  ),
} as const;

/** The name of a setting. */
export type SettingName = keyof typeof SETTINGS;
/** The type of a setting's value once it is read. */
export type SettingValue<K extends SettingName> = z.output<(typeof SETTINGS)[K]["parse"]>;
