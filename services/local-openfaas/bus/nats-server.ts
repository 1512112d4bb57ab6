/** `nats-server` as our own child: JetStream in the home folder, loopback only, nobody in without a password. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { systemClock } from "#shared/adapters/system-clock.ts";
import { writePrivately } from "./memory-of-home.ts";
import { askServer } from "./ports.ts";
import { running, type Running } from "./program.ts";

/** What a server runs with. */
export interface NatsServerOptions {
  readonly program: string;
  /** Holds the configuration and the store. */
  readonly folder: string;
  readonly port: number;
  /** The configuration's `authorization` block. */
  readonly authorization: string;
  readonly log: (line: string) => void;
}

const READY_MS = 15_000;
const POLL_MS = 25;
/** The oldest version that the client's JetStream calls were tried on. */
const OLDEST: readonly [number, number] = [2, 9];
const CONFIGURATION = "nats-server.conf";

/** Resolves when the server answers. Rejects when it ends before, is too old, or has no JetStream. */
export async function startNatsServer(options: NatsServerOptions): Promise<Running & { readonly version: string }> {
  const { program, folder, port, authorization, log } = options;
  const file = await writePrivately(
    folder,
    CONFIGURATION,
    configuration(port, authorization, join(folder, "jetstream")),
  );
  // A process group of its own: Ctrl-C reaches us, and the events of our orderly end still find the server.
  const child = spawn(program, ["-c", file], { stdio: ["ignore", "ignore", "pipe"], env: {}, detached: true });
  let complaint = "";
  createInterface({ input: child.stderr }).on("line", (line) => {
    const [, words] = /\[(?:ERR|FTL|WRN)\] (.*)/.exec(line) ?? [];
    // The file with the passwords is its owner's alone.
    if (words === undefined || words.startsWith("Plaintext passwords detected")) return;
    complaint = words;
    log(`nats-server: ${words}`);
  });
  const server = running(
    child,
    () => complaint,
    () => child.kill("SIGTERM"),
  );
  try {
    return { ...server, version: await readiness(server, port) };
  } catch (thrown) {
    await server.stop();
    throw thrown;
  }
}

async function readiness(server: Running, port: number): Promise<string> {
  let why: string | null = null;
  void server.ended.then((words) => (why = words));
  for (const untilMs = systemClock.nowMs() + READY_MS; systemClock.nowMs() < untilMs;) {
    const info = await askServer(port, 1_000);
    if (why !== null) throw new Error(`nats-server ${String(why)}`);
    if (info) {
      const [major = 0, minor = 0] = info.version.split(".").map(Number);
      if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
        throw new Error(`nats-server ${info.version} is older than ${OLDEST.join(".")}`);
      }
      if (!info.jetstream) throw new Error(`nats-server ${info.version} did not turn JetStream on`);
      return info.version;
    }
    await systemClock.sleep(POLL_MS);
  }
  throw new Error(`nats-server did not answer on port ${port} within ${READY_MS} ms`);
}

function configuration(port: number, authorization: string, storeFolder: string): string {
  return `# Written anew at each start.
server_name: replicant
listen: "127.0.0.1:${port}"
${authorization}
max_payload: 1MB
max_pending: 16MB
jetstream {
  store_dir: ${JSON.stringify(storeFolder)}
  max_memory_store: 16MB
  max_file_store: 512MB
}
`;
}

/** Whether the process runs a server on the configuration in `folder`, and is not another process that got the same pid later. */
export async function isServerOf(folder: string, pid: number): Promise<boolean> {
  try {
    const words = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0");
    return words.includes(join(folder, CONFIGURATION));
  } catch {
    return false;
  }
}
