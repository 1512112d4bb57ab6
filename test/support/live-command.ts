/** The command line beside a stack that runs: how it is found, what it says, and whose policy the function has. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

import { noteRunning } from "#shared/live/find-platform.ts";
import { commandLine } from "./command-line.ts";
import { startTestStack, type TestStack } from "./local-stack.ts";

export interface LiveCommand {
  readonly world: TestStack;
  /** For what a command writes. */
  readonly folder: string;
  /** A steady load, so many calls in each window. */
  readonly trace: string;
  line(t: TestContext): ReturnType<typeof commandLine>;
  /** `<policy> <mode>` as the function's annotations give them now. */
  policyNow(): Promise<string>;
  close(): Promise<void>;
}

export async function startLiveCommand(timeLapse: number, callsAWindow: number): Promise<LiveCommand> {
  const folder = mkdtempSync(join(tmpdir(), "replicant-live-"));
  const trace = join(folder, "trace.json");
  writeFileSync(trace, JSON.stringify(Array<number>(200).fill(callsAWindow)));
  const world = await startTestStack({ timeLapse });
  const { url } = world.stack.platform;
  await noteRunning(world.home, { url, platformUrl: url, variables: world.stack.variables });
  return {
    world,
    folder,
    trace,
    line: (t) => commandLine(t, { REPLICANT_HOME: world.home }),
    async policyNow() {
      const stress = (await world.stack.gateway.list()).find(({ name }) => name === "stress")!;
      return `${stress.annotations["replicant.policy"]} ${stress.annotations["replicant.mode"]}`;
    },
    async close() {
      await world.close();
      rmSync(folder, { recursive: true });
    },
  };
}
