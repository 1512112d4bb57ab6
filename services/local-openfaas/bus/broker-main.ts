/**
 * The built-in broker as a process of its own. Reads one line of JSON, `{"port","users"}`, from standard input, answers one,
 * `{"port"}`, and lives until its input ends: with its parent.
 */
import { createInterface } from "node:readline";

import { startBroker, type BrokerOptions } from "./broker.ts";

const lines = createInterface({ input: process.stdin });
lines.once("line", (line) => {
  const { port, users } = JSON.parse(line) as Pick<BrokerOptions, "port" | "users">;
  startBroker({ port, users, log: (text) => process.stderr.write(`${text}\n`) }).then(
    (broker) => process.stdout.write(`${JSON.stringify({ port: broker.port })}\n`),
    (thrown: unknown) => {
      process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
      process.exit(1);
    },
  );
});
lines.once("close", () => process.exit(0));
// Ctrl-C reaches the whole process group; the parent still needs the bus to end in order, and ends it then.
process.on("SIGINT", () => {});
// A reader that went away must not bring the bus down.
process.stderr.on("error", () => {});
process.stdout.on("error", () => {});
