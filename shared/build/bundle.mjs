/** Bundles every function and service to `dist/<kind>/<name>/handler.js`, the node template's contract, in a second or so. */
import { build } from "esbuild";
import { cp, mkdir, readdir, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isFresh, newestChangeMs, stampFresh } from "./freshness.mjs";
import { compileKernel } from "./kernel.mjs";
import { swapFolder } from "./swap-folder.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const dist = join(root, "dist");

const changedMs = await newestChangeMs(
  ["functions", "services", "shared", "traces", "package-lock.json"].map((name) => join(root, name)),
);
// Nothing to do: a command beside a running `up` does not touch what that one runs.
if (await isFresh(dist, changedMs)) process.exit(0);

/** @type {import("esbuild").BuildOptions} */
const shared = {
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  absWorkingDir: root,
  logLevel: "warning",
  legalComments: "none",
  // Only a bundle that asks for the kernel (embeddedKernel) carries its 18 kB.
  define: { REPLICANT_KERNEL_BASE64: JSON.stringify(Buffer.from(await compileKernel()).toString("base64")) },
  // Native, and there only where someone installed it.
  external: ["@tensorflow/tfjs-node"],
};

/** A module that only some deployments need, and that is large: a file of its own beside the handlers that import it late. */
const late = { source: "shared/adapters/kubernetes/client-node.ts", file: "kubernetes-client.cjs" };

/** @type {import("esbuild").Plugin} */
const leaveOutLate = {
  name: "leave-out-late",
  setup({ onResolve }) {
    onResolve({ filter: /\/client-node\.ts$/ }, ({ kind, path, resolveDir }) =>
      kind === "dynamic-import" && join(resolveDir, path) === join(root, late.source)
        ? { path: `./${late.file}`, external: true }
        : null,
    );
  },
};

/** Programs that are no handlers: [source, output]. */
const programs = [
  ["services/cli/main.ts", "services/cli/main.cjs"],
  ["shared/evaluation/pool/worker.ts", "services/cli/evaluation-worker.cjs"],
  ["shared/training/rollout-thread.ts", "services/cli/rollout-thread.cjs"],
  ["services/local-openfaas/faas-cli/docker-stand-in/main.ts", "services/cli/docker-stand-in.cjs"],
  ["services/local-openfaas/faas-cli/node22-template/index.ts", "services/cli/node22-template/index.js"],
  ["services/trainer/learning/worker.ts", "services/trainer/learner.cjs"],
  ["services/local-openfaas/runtime/main.ts", "services/local-openfaas/runtime.cjs"],
  ["services/local-openfaas/bus/broker-main.ts", "services/local-openfaas/broker.cjs"],
];

/** Scripts of pages: [source, output]. */
const pages = [["shared/evaluation/results/report/public/page.js", "services/cli/report/page.js"]];

/** Files that travel with a bundle: [source, output]. */
const companions = [
  ["services/local-openfaas/faas-cli/node22-template/files", "services/cli/node22-template"],
  ["traces", "functions/load-generator/traces"],
  ["shared/models", "functions/policy-inference/models"],
  ["shared/models", "services/trainer/models"],
  ["services/local-openfaas/ui/public", "services/local-openfaas/public"],
  ["shared/evaluation/results/report/public/style.css", "services/cli/report/style.css"],
  ["node_modules/uplot/dist/uPlot.iife.min.js", "services/local-openfaas/public/vendor/uPlot.iife.min.js"],
  ["node_modules/uplot/dist/uPlot.min.css", "services/local-openfaas/public/vendor/uPlot.min.css"],
];

/** @param {string} kind */
async function handlersOf(kind) {
  const names = await readdir(join(root, kind));
  return names.filter((name) => existsSync(join(root, kind, name, "handler.ts"))).map((name) => ({ kind, name }));
}

/** The template requires the folder `function/`, copies its `*.json`, runs `npm i` and `npm test` there. @param {string} name */
const manifest = (name) =>
  JSON.stringify({
    name,
    version: "1.0.0",
    private: true,
    main: "handler.js",
    scripts: { test: "node -c handler.js" },
  });

/** @param {string} out */
async function bundleAll(out) {
  const handlers = [...(await handlersOf("functions")), ...(await handlersOf("services"))];
  await Promise.all([
    ...handlers.map(async ({ kind, name }) => {
      const folder = join(out, kind, name);
      await mkdir(folder, { recursive: true });
      const { metafile } = await build({
        ...shared,
        plugins: [leaveOutLate],
        metafile: true,
        outfile: join(folder, "handler.js"),
        stdin: {
          contents: `module.exports = require("./handler.ts").default;`,
          resolveDir: join(root, kind, name),
          loader: "js",
        },
      });
      await writeFile(join(folder, "package.json"), manifest(name));
      const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
      if (imports.some(({ path }) => path.endsWith(late.file))) {
        await build({ ...shared, minify: true, entryPoints: [late.source], outfile: join(folder, late.file) });
      }
    }),
    ...programs
      .filter(([source]) => existsSync(join(root, /** @type {string} */ (source))))
      .map(([source, target]) =>
        build({
          ...shared,
          entryPoints: [/** @type {string} */ (source)],
          outfile: join(out, /** @type {string} */ (target)),
          external: ["esbuild", "@tensorflow/tfjs-node"],
        }),
      ),
    ...pages.map(([source, target]) =>
      build({
        bundle: true,
        minify: true,
        platform: "browser",
        target: "es2022",
        format: "iife",
        absWorkingDir: root,
        logLevel: "warning",
        entryPoints: [/** @type {string} */ (source)],
        outfile: join(out, /** @type {string} */ (target)),
      }),
    ),
  ]);
  for (const [source, target] of companions) {
    const from = join(root, /** @type {string} */ (source));
    if (existsSync(from)) await cp(from, join(out, /** @type {string} */ (target)), { recursive: true });
  }
}

await swapFolder(dist, join(root, "node_modules", ".cache", "replicant"), async (folder) => {
  await bundleAll(folder);
  await stampFresh(folder, changedMs);
});
