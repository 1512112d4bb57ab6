/**
 * The server of our own `node22` template: the handler in `function/` behind the watchdog, under the official template's contract.
 *
 * Unlike the official one it keeps answering after SIGTERM until the watchdog is done and gone, so that no call in flight is lost.
 */
import { createRequire } from "node:module";

import { bodyRules } from "../../runtime/body.ts";
import type { Handler } from "../../runtime/contract.ts";
import { serveFunction } from "../../runtime/server.ts";

const handler: unknown = createRequire(__filename)("./function/handler");
if (typeof handler !== "function") {
  throw new TypeError("function/handler.js must set module.exports to a function");
}

// A handler module that listens to the signal itself decides when the process ends.
if (process.listenerCount("SIGTERM") === 0) {
  process.once("SIGTERM", () => {
    // The watchdog holds the other end of our standard input.
    process.stdin.resume().once("end", () => process.exit(0));
  });
}

serveFunction(handler as Handler, bodyRules(process.env), Number(process.env["http_port"] ?? 3000)).catch(
  (thrown: unknown) => {
    console.error(thrown);
    process.exit(1);
  },
);
