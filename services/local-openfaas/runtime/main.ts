/**
 * Runs one function bundle: `node runtime.cjs <handler.js>`, a child of the provider.
 *
 * Speaks to its parent over the IPC channel (`RuntimeMessage`), never over stdout, which is the function's log.
 */
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { bodyRules } from "./body.ts";
import type { Handler } from "./contract.ts";
import type { RuntimeMessage } from "./messages.ts";
import { serveFunction, type FunctionServer } from "./server.ts";
import { warmUp } from "./warm-up.ts";

/** A workload may leave a function here: it is called on SIGTERM, and the process ends when its promise has settled. */
const SHUTDOWN = Symbol.for("replicant.shutdown");

async function main(): Promise<void> {
  // The parent is gone: so is the gateway, and nobody will ever call or stop this process again.
  process.once("disconnect", () => process.exit(1));
  const handlerPath = process.argv[2];
  if (handlerPath === undefined) throw new Error("usage: node runtime.cjs <handler.js>");
  const rules = bodyRules(process.env);
  const handler = loadHandler(resolve(handlerPath));
  await warmUp(rules);
  const server = await serveFunction(handler, rules, Number(process.env["http_port"] ?? 0));
  process.on("SIGTERM", () => void stop(server));
  report({ kind: "ready", port: server.port });
}

/** Requiring the module starts what it starts at import: a service's loop is running before the replica is ready. */
function loadHandler(path: string): Handler {
  const loaded: unknown = createRequire(path)(path);
  if (typeof loaded === "function") return loaded as Handler;
  throw new TypeError(
    `${path} must set module.exports to a function, was: ${loaded === null ? "null" : typeof loaded}`,
  );
}

let stopping = false;

async function stop(server: FunctionServer): Promise<void> {
  if (stopping) return;
  stopping = true;
  const shutdown = (globalThis as { [SHUTDOWN]?: () => unknown })[SHUTDOWN];
  const handlerStopsItself = shutdown === undefined && process.listenerCount("SIGTERM") > 1;
  const [, finished] = await Promise.allSettled([server.drain(), Promise.resolve().then(() => shutdown?.())]);
  if (finished.status === "rejected") console.error(finished.reason);
  if (handlerStopsItself) {
    // As under the template: a module with a SIGTERM listener of its own decides when the process ends, or it ends
    // by itself when nothing is left to do. The channel to the parent must not keep it alive.
    process.channel?.unref();
    return;
  }
  exitAfterOutput(0);
}

function report(message: RuntimeMessage): void {
  if (process.send) process.send(message);
  else console.error(message.kind === "ready" ? `listening on port ${message.port}` : message.error);
}

/** Ends the process after what was written to the log has left it. */
function exitAfterOutput(code: number): void {
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}

main().catch((thrown: unknown) => {
  console.error(thrown);
  const error = thrown instanceof Error ? thrown.message : String(thrown);
  if (process.send) process.send({ kind: "failed", error } satisfies RuntimeMessage, () => exitAfterOutput(1));
  else exitAfterOutput(1);
});
