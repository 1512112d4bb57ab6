/** `docker`, as far as faas-cli needs it: `node docker-stand-in.cjs <home> <docker's words>`. */
import { resolve } from "node:path";

import { messageOf } from "#shared/core/errors.ts";
import { createImageStore } from "../../provider/images.ts";
import { buildImage, npmInstall } from "./build.ts";
import { readDockerCommand } from "./command.ts";

async function main([home = "", ...words]: readonly string[]): Promise<void> {
  const command = readDockerCommand(words);
  switch (command.kind) {
    case "build": {
      for (const remark of command.remarks) console.error(`docker stand-in: ${remark}`);
      const folder = await buildImage(command.image, resolve(command.context), { home, install: npmInstall });
      console.log(`${command.image} is built: ${folder}`);
      return;
    }
    case "push":
      // What is built here is where it will run.
      await createImageStore(home).resolve(command.image);
      console.log(`${command.image} is on the local platform`);
      return;
    case "version":
      console.log("Replicant's docker stand-in: builds functions for the local platform");
      return;
    case "nothing":
      return;
  }
}

main(process.argv.slice(2)).catch((thrown: unknown) => {
  console.error(`docker stand-in: ${messageOf(thrown)}`);
  process.exitCode = 1;
});
