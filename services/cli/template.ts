/** `replicant template`: writes template/node22, for faas-cli without a network. */
import { resolve } from "node:path";

import { writeTemplate } from "../local-openfaas/index.ts";
import { command } from "./command.ts";

export default command({
  name: "template",
  description: "write template/node22, for faas-cli without a network",
  argument: ["[folder]", "where faas-cli is called (default: here)"],
  options: {},
  async run(_flags, { dist, env, say }, folder = ".") {
    const written = await writeTemplate(dist, resolve(usersFolder(env), folder));
    say(written === null ? "there is a template/node22 already; it is left as it is" : `wrote ${written}`);
  },
});

/** npm changes into the folder of package.json before it runs a script, and says where it was called. */
export function usersFolder(env: Readonly<Record<string, string | undefined>>): string {
  return (env["npm_lifecycle_event"] === "replicant" && env["INIT_CWD"]) || process.cwd();
}
