/** The page's files as the bundler lays them out, in a folder that goes with the process. */
import { rmSync } from "node:fs";
import { cp, mkdtemp } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const publicFolder = join(import.meta.dirname, "../../../services/local-openfaas/ui/public");
const uplotFolder = dirname(createRequire(import.meta.url).resolve("uplot/package.json"));

let made: Promise<string> | undefined;

export function pageFolder(): Promise<string> {
  made ??= (async () => {
    const folder = await mkdtemp(join(tmpdir(), "page-"));
    // A hook of the test runner would end with the test that happened to be the first.
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    await cp(publicFolder, folder, { recursive: true });
    for (const file of ["uPlot.iife.min.js", "uPlot.min.css"]) {
      await cp(join(uplotFolder, "dist", file), join(folder, "vendor", file));
    }
    return folder;
  })();
  return made;
}
