/** `replicant env`: what a shell needs so that faas-cli works with the platform that runs from this home. */
import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";

import { BadInputError } from "#shared/core/errors.ts";
import { shellQuoted } from "#shared/deploy/shell.ts";
import { passwordOf, readRunning, type RunningPlatform } from "#shared/live/find-platform.ts";
import { binOf, hasDockerEngine, installStandIn, pathWithout, writeTemplate } from "../local-openfaas/index.ts";
import { command, type World } from "./command.ts";
import { usersFolder } from "./template.ts";

const ANSWER_WITHIN_MS = 5_000;
const USER = "admin";

export default command({
  name: "env",
  description: `what faas-cli needs in this shell: eval "$(npm run -s replicant -- env)"`,
  options: { "--stand-in": "build without Docker although there is a Docker engine" },
  async run(flags, world) {
    for (const line of await shellEnvironment(flags.standIn ?? false, world)) world.say(line);
  },
});

/** Lines for `eval`; what is for people goes to stderr. Throws `BadInputError` when no platform runs from this home. */
async function shellEnvironment(wantsStandIn: boolean, world: World): Promise<string[]> {
  const say = (line: string) => console.error(line);
  const home = resolve(world.home);
  const running = await runningPlatform(home);
  const { PATH = "" } = world.env;
  const realPath = pathWithout(PATH, binOf(home));
  const standIn = wantsStandIn || !(await hasDockerEngine({ ...world.env, PATH: realPath }));
  const variables: Record<string, string> = {
    OPENFAAS_URL: running.url,
    OPENFAAS_CONFIG: await writeLogin(home, running),
    ...running.variables,
  };
  say(`faas-cli uses ${running.url} in this shell`);
  if (standIn) {
    const bin = await installStandIn(home, world.dist);
    // faas-cli pushes no image without a prefix.
    variables["OPENFAAS_PREFIX"] = world.env["OPENFAAS_PREFIX"] || "local";
    variables["PATH"] = [bin, realPath].join(delimiter);
    say("there is no Docker engine: functions of the node22 template are built without one");
    const template = await writeTemplate(world.dist, usersFolder(world.env));
    if (template !== null) say(`wrote ${template}, Replicant's own node22 template, as there was none`);
  } else {
    if (realPath !== PATH) variables["PATH"] = realPath;
    say("there is a Docker engine, and the local platform cannot run its images: --stand-in builds without it");
  }
  return Object.entries(variables).map(([name, value]) => `export ${name}=${shellQuoted(value)}`);
}

async function runningPlatform(home: string): Promise<RunningPlatform> {
  const running = readRunning(home);
  const start = "start one with 'replicant up' or 'replicant platform'";
  if (!running) throw new BadInputError(`no platform runs from ${home}: ${start}`);
  try {
    const health = `${running.platformUrl}/healthz`;
    if ((await fetch(health, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })).ok) return running;
  } catch {
    // Reported below.
  }
  throw new BadInputError(`the platform of ${home} does not answer at ${running.platformUrl} any more: ${start}`);
}

/** A login that is known in this shell only, and whose password is on no screen. Returns faas-cli's folder for it. */
async function writeLogin(home: string, { url }: RunningPlatform): Promise<string> {
  const password = passwordOf(home);
  if (password === null) throw new BadInputError(`the password of ${home} cannot be read`);
  const folder = join(home, "faas-cli");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const token = Buffer.from(`${USER}:${password}`).toString("base64");
  const login = { auths: [{ gateway: url, auth: "basic", token, options: [] }] };
  // JSON is YAML as well.
  await writeFile(join(folder, "config.yml"), `${JSON.stringify(login)}\n`, { mode: 0o600 });
  return folder;
}
