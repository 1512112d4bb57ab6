/** The built command line as a process of its own, from a home of its own. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

import { startGuardian } from "#services/local-openfaas/provider/guardian.ts";
import type { RunningPlatform } from "#shared/live/find-platform.ts";
import { eventually } from "./eventually.ts";

const PROGRAM = join(import.meta.dirname, "../../dist/services/cli/main.cjs");

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandLine {
  /** One of its own, unless `REPLICANT_HOME` is among `more`: the home of a platform that runs. */
  readonly home: string;
  /** Its environment: of this process, without what a shell around the tests may have set for another platform. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs a command to its end. */
  readonly run: (...words: string[]) => Promise<Ran>;
  /** Starts a command that goes on, and waits until its platform is up. It ends with the test. */
  readonly start: (...words: string[]) => Promise<Started>;
}

export interface Started {
  readonly pid: number;
  readonly running: RunningPlatform;
  /** What it has written so far. */
  readonly said: () => string;
  /** When it ends by itself. */
  readonly ended: Promise<Ran>;
  /** Ends it as Ctrl-C does; resolves with its exit code. */
  readonly stop: () => Promise<number | null>;
}

export function commandLine(t: TestContext, more: Readonly<Record<string, string>> = {}): CommandLine {
  const given = more["REPLICANT_HOME"];
  const home = given ?? mkdtempSync(join(tmpdir(), "command-line-"));
  if (given === undefined) t.after(() => rmSync(home, { recursive: true, force: true }));
  const foreign = /^(REPLICANT_|OPENFAAS_|NATS_|npm_lifecycle_event$)/;
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  const env = { ...clean, REPLICANT_HOME: home, ...more };
  const begin = (words: readonly string[]) => {
    const child = spawn(process.execPath, [PROGRAM, ...words], { env, stdio: ["ignore", "pipe", "pipe"] });
    const ran = { code: null as number | null, stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => (ran.stdout += String(chunk)));
    child.stderr.on("data", (chunk) => (ran.stderr += String(chunk)));
    const ended = new Promise<Ran>((resolve) => child.once("close", (code) => resolve({ ...ran, code })));
    return { child, ran, ended };
  };
  return {
    home,
    env,
    run: (...words) => begin(words).ended,
    async start(...words) {
      const guardian = await startGuardian(() => {});
      const { child, ran, ended } = begin(words);
      guardian.watch(child.pid!);
      const said = () => ran.stdout + ran.stderr;
      const stop = async () => {
        child.kill("SIGINT");
        return (await ended).code;
      };
      t.after(async () => {
        await stop();
        await guardian.close();
      });
      const note = join(home, "running.json");
      await eventually(
        () => {
          if (child.exitCode !== null) throw new Error(said());
          return existsSync(note);
        },
        { timeoutMs: 60_000, what: `the platform of '${words.join(" ")}' is up` },
      );
      return {
        ...{ pid: child.pid!, said, stop, ended },
        running: JSON.parse(readFileSync(note, "utf8")) as RunningPlatform,
      };
    },
  };
}
