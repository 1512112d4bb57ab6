/** Being a workload: settings, log, secrets, and a clean end on SIGTERM. */
import { readSettings, type Settings } from "../config/read-settings.ts";
import type { SettingName } from "../config/settings.ts";
import { ConfigError } from "../core/errors.ts";
import { leaveInOrder } from "./leaving.ts";
import { createLog, type Log } from "./log.ts";
import { readSecret } from "./secrets.ts";
import type { SignatureMemory } from "../ports/signature-memory.ts";
import { CallVerifier, type InDoubt, type Judgement, type VerifierStatus } from "./call-verifier.ts";
import { fileKeyring } from "./keyring.ts";
import type { Verdict } from "./signature.ts";
import { bytesOf, type FunctionEvent } from "./handler.ts";

const KEY = "replicant-key";
const BASE_SETTINGS = ["LOG_LEVEL", "secret_mount_path", "REPLICANT_INSECURE"] as const;

/** What every function and service has: settings, log, secrets, signed calls and an end in order. */
export interface Workload<K extends SettingName> {
  /** The name under which it is deployed. */
  readonly name: string;
  readonly settings: Settings<K>;
  readonly log: Log;
  /** Aborts when the process is asked to end. */
  readonly ending: AbortSignal;
  secret(name: string): string | null;
  /** The key that calls are signed with now; null when there is none. */
  signingKey(): string | null;
  /** May this call change something? */
  mayChange(event: FunctionEvent): Promise<Verdict>;
  /** The same in two steps, for who has something to do before the other replicas are asked. */
  judge(event: FunctionEvent): Judgement;
  /** Replicas remember together which calls they have taken, until the process ends; null: each by itself. */
  shareSignatures(memory: (SignatureMemory & Closable) | null, inDoubt?: InDoubt): void;
  /** For the status: how signatures are remembered. */
  signatures(): VerifierStatus;
  /** The work that must wind down, after `ending` aborts, before anything is closed. */
  waitFor(loop: Promise<void>): void;
  /** Logs a warning of one sentence. */
  warn(message: string): void;
  /** Closes `part`, and returns it now: before the process ends, last registered first; each gets its turn even if another fails. */
  closeAtEnd<T extends Closable>(part: T): T;
}

interface Closable {
  close(): Promise<void>;
}

/** Starts a workload from the process's environment. On a bad setting: says every problem and exits with 2. */
export function startWorkload<K extends SettingName>(
  name: string,
  names: readonly K[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): Workload<K> {
  let settings: Settings<K | (typeof BASE_SETTINGS)[number]>;
  try {
    settings = readSettings(env, [...BASE_SETTINGS, ...names]);
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    for (const problem of thrown.problems) console.error(`${name}: ${problem}`);
    process.exit(2);
  }
  const log = createLog(name, settings.LOG_LEVEL);
  const secret = (secretName: string) => readSecret(settings.secret_mount_path, secretName);
  const warn = (message: string) => log.warn({}, message);
  const keys = fileKeyring(settings.secret_mount_path, KEY, (count) =>
    log.info({ keys: count }, "the keys that sign calls were read anew"),
  );
  const verifier = new CallVerifier({ keys, monotonicMs: () => performance.now(), log: warn });
  const isOpen = () => settings.REPLICANT_INSECURE && keys().length === 0;
  if (isOpen()) warn("no replicant-key: unsigned calls are accepted");

  function judge(event: FunctionEvent): Judgement {
    if (keys().length === 0) {
      const verdict: Verdict = isOpen()
        ? { ok: true }
        : { ok: false, because: "this workload has no replicant-key secret, so it accepts no change" };
      return { verdict, once: Promise.resolve(verdict) };
    }
    const { headers, method, path, query } = event;
    const call = { headers, method, path, query, body: bytesOf(event.body) };
    return verifier.judge({ ...call, functionName: env["OPENFAAS_NAME"] ?? name, nowMs: Date.now() });
  }

  const ending = new AbortController();
  const loops: Promise<void>[] = [];
  const closables: Closable[] = [];
  let closed: Promise<void> | undefined;
  leaveInOrder(
    {
      async windDown() {
        ending.abort();
        await Promise.allSettled(loops);
      },
      close: () =>
        (closed ??= (async () => {
          for (const part of closables.reverse()) {
            await part.close().catch((thrown: unknown) => log.warn({ err: thrown }, "could not close cleanly"));
          }
        })()),
    },
    env,
  );

  function closeAtEnd<T extends Closable>(part: T): T {
    closables.push(part);
    return part;
  }

  return {
    name: env["OPENFAAS_NAME"] ?? name,
    settings,
    log,
    ending: ending.signal,
    secret,
    signingKey: () => keys()[0] ?? null,
    mayChange: (event) => judge(event).once,
    judge,
    shareSignatures(memory, inDoubt) {
      if (memory) verifier.share(closeAtEnd(memory), inDoubt);
    },
    signatures: () => verifier.status(),
    waitFor: (loop) => void loops.push(loop),
    warn,
    closeAtEnd,
  };
}
