/** Builds an image as far as this platform has images: a copy of the build context, with the function's packages installed. */
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, readdir, readFile, readlink, rename, rm, utimes } from "node:fs/promises";
import { join } from "node:path";

import { BadInputError } from "#shared/core/errors.ts";
import { createImageStore } from "../../provider/images.ts";

/** Where images are kept, and how packages are installed. */
export interface BuildWorld {
  readonly home: string;
  /** Installs what `package.json` in this folder asks for. Throws with a sentence when it cannot. */
  readonly install: (folder: string) => void;
}

/** Returns the folder that is the image now. The same context is built once. Throws `BadInputError`. */
export async function buildImage(image: string, context: string, { home, install }: BuildWorld): Promise<string> {
  if (!existsSync(join(context, "function", "handler.js"))) {
    throw new BadInputError(
      `'${image}' cannot be built without Docker: only functions of the node22 template can, and there is no function/handler.js in ${context}`,
    );
  }
  const builds = join(home, "builds");
  const folder = join(builds, (await digestOf(context)).slice(0, 32));
  if (!existsSync(folder)) {
    const draft = join(builds, `.${randomBytes(6).toString("hex")}`);
    try {
      await mkdir(builds, { recursive: true, mode: 0o700 });
      await cp(context, draft, { recursive: true });
      const functionFolder = join(draft, "function");
      if (hasDependencies(functionFolder)) install(functionFolder);
      await rename(draft, folder).catch((thrown: unknown) => {
        // Another build of the same context was faster.
        if (!existsSync(folder)) throw thrown;
      });
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
  // What was not touched for long and belongs to no image is removed when the platform starts.
  await utimes(folder, new Date(), new Date());
  await createImageStore(home).register(image, folder);
  return folder;
}

/** As the template's Dockerfile does. Scripts of packages do not run: here they would run outside of any container. */
export function npmInstall(folder: string): void {
  const args = ["install", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status, error } = spawnSync("npm", args, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  if (error) throw new BadInputError(`npm could not be started: ${error.message}`);
  if (status !== 0) throw new BadInputError(`npm install ended with code ${status}`);
}

function hasDependencies(folder: string): boolean {
  const file = join(folder, "package.json");
  if (!existsSync(file)) return false;
  try {
    const { dependencies } = JSON.parse(readFileSync(file, "utf8")) as { dependencies?: object };
    return Object.keys(dependencies ?? {}).length > 0;
  } catch {
    throw new BadInputError("function/package.json must be JSON");
  }
}

/** Of names and contents, in one order. */
async function digestOf(folder: string): Promise<string> {
  const hash = createHash("sha256");
  const add = async (path: string): Promise<void> => {
    for (const entry of (await readdir(join(folder, path), { withFileTypes: true })).sort(byName)) {
      const inner = join(path, entry.name);
      const place = join(folder, inner);
      if (entry.isDirectory()) await add(inner);
      else {
        const content = entry.isSymbolicLink() ? Buffer.from(await readlink(place)) : await readFile(place);
        hash.update(`${inner}\0${content.length}\0`).update(content);
      }
    }
  };
  await add("");
  return hash.digest("hex");
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
