/** The commands around a platform that is there to be deployed to: `platform`, `set-up-bus`, `env`, `template`. */
import type { Command } from "commander";
import { resolve } from "node:path";

import type { EnvFlags } from "./env.ts";
import { writeTemplate } from "../local-openfaas/faas-cli/node22-template/write.ts";
import type { PlatformFlags } from "./platform.ts";
import type { SetUpFlags } from "./set-up-bus.ts";

export interface PlatformCommandWorld {
  readonly home: string;
  readonly dist: () => string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

export function registerPlatform(program: Command, { home, dist, env, signal }: PlatformCommandWorld): void {
  program
    .command("platform")
    .description("the local platform alone, for faas-cli or another gateway; runs until it is told to end")
    .option("--port <n>", "its port; 0 lets the system choose (default 8080, of a provider 8081)")
    .option("--host <address>", "where it listens (default 127.0.0.1)")
    .option("--profile <name>", "open (0…N replicas) or ce (1…5, as the community edition)")
    .option("--provider-only", "no gateway of our own: a real one is in front")
    .option(
      "--gateway-url <url>",
      "with --provider-only: where functions find that gateway (default http://127.0.0.1:8080)",
    )
    .option("--verbose", "tell what the platform does")
    .action(async (flags: PlatformFlags) => {
      const { platform } = await import("./platform.ts");
      await platform(flags, { home, dist: dist(), env, signal, say: (line) => console.log(line) });
    });

  program
    .command("set-up-bus")
    .description(
      "on a NATS server of yours: the stream and the buckets, which no part may make; logs in as NATS_USER=admin",
    )
    .option("--keep", "stay, and make them again whenever the server comes back without its store")
    .option("--subject-prefix <prefix>", "first token of every subject", "replicant")
    .action(async (flags: SetUpFlags) => {
      const { setUp } = await import("./set-up-bus.ts");
      await setUp(flags, { env, signal, say: (line) => console.log(line) });
    });

  program
    .command("env")
    .description(`what faas-cli needs in this shell: eval "$(npm run -s replicant -- env)"`)
    .option("--stand-in", "build without Docker although there is a Docker engine")
    .action(async (flags: EnvFlags) => {
      const { shellEnvironment } = await import("./env.ts");
      const world = { home, dist: dist(), folder: usersFolder(env), env, say: (line: string) => console.error(line) };
      for (const line of await shellEnvironment(flags, world)) console.log(line);
    });

  program
    .command("template")
    .description("write template/node22, for faas-cli without a network")
    .argument("[folder]", "where faas-cli is called (default: here)")
    .action(async (folder: string | undefined) => {
      const here = usersFolder(env);
      const written = await writeTemplate(dist(), resolve(here, folder ?? "."));
      console.log(written === null ? "there is a template/node22 already; it is left as it is" : `wrote ${written}`);
    });
}

/** npm changes into the folder of package.json before it runs a script, and says where it was called. */
function usersFolder(env: Readonly<Record<string, string | undefined>>): string {
  return (env["npm_lifecycle_event"] === "replicant" && env["INIT_CWD"]) || process.cwd();
}
