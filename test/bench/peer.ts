/** A benchmark's process: bundled as in production, started with a message channel, ended with the section. */
import { build } from "esbuild";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/** Bundles an entry of this folder into `folder`. */
export function bundle(entry: string, folder: string): Promise<string> {
  return bundleSource(`test/bench/${entry}.ts`, folder);
}

/** Bundles a source, named from the project's root, into `folder`; tsx's own transform would slow down every closure. */
export async function bundleSource(source: string, folder: string): Promise<string> {
  const outfile = join(folder, `${basename(source, ".ts")}.cjs`);
  await build({
    entryPoints: [join(import.meta.dirname, "../..", source)],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    logLevel: "error",
  });
  return outfile;
}

export interface Peer {
  /** What the process said first. */
  readonly hello: { readonly port: number };
  readonly pid: number;
  ask<T>(question: unknown): Promise<T>;
  stop(): Promise<void>;
}

export async function startPeer(bundled: string, args: readonly string[] = []): Promise<Peer> {
  // Without our own `--import tsx`, which would add its 40 MB to every process that is measured.
  const child = fork(bundled, args, { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const hello = (await nextMessage(child)) as Peer["hello"];
  return {
    hello,
    pid: child.pid!,
    ask: async <T>(question: unknown) => {
      const answer = nextMessage(child);
      child.send(question as object);
      return (await answer) as T;
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      await exit;
    },
  };
}

/** Bundles an entry of this folder and starts it. */
export type StartEntry = (entry: string, ...args: string[]) => Promise<Peer>;

/** What `work` starts ends with it, the last one first; `folder` is its own. */
export async function withPeers<T>(work: (start: StartEntry, folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  const peers: Peer[] = [];
  try {
    return await work(async (entry, ...args) => {
      const peer = await startPeer(await bundle(entry, folder), args);
      peers.push(peer);
      return peer;
    }, folder);
  } finally {
    for (const peer of peers.reverse()) await peer.stop();
    await rm(folder, { recursive: true });
  }
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const exited = (code: number | null) => reject(new Error(`a benchmark process ended with code ${code}`));
    child.once("exit", exited);
    child.once("message", (message) => {
      child.off("exit", exited);
      resolve(message);
    });
  });
}
