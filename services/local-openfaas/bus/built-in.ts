/** The built-in broker as our own child: it lives as long as the pipe to it. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import type { BrokerOptions } from "./broker.ts";
import { running, type Running } from "./program.ts";

/** What the broker runs with. */
export interface BuiltInOptions {
  /** The bundled broker. */
  readonly program: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly users: NonNullable<BrokerOptions["users"]>;
  readonly log: (line: string) => void;
}

/** Resolves when the broker listens. Rejects when it ends before. */
export async function startBuiltIn({
  program,
  port,
  users,
  log,
}: BuiltInOptions): Promise<Running & { readonly port: number }> {
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "pipe"], env: {} });
  let complaint = "";
  createInterface({ input: child.stderr }).on("line", (line) => {
    complaint = line;
    log(`built-in broker: ${line}`);
  });
  const broker = running(
    child,
    () => complaint,
    () => child.stdin.end(),
  );
  child.stdin.on("error", () => {}); // It ended before it read; `ended` says so.
  child.stdin.write(`${JSON.stringify({ port, users })}\n`);
  const answer = new Promise<string>((resolve) => createInterface({ input: child.stdout }).once("line", resolve));
  const first = await Promise.race([
    answer,
    broker.ended.then((why) => Promise.reject(new Error(`the built-in broker ${why}`))),
  ]);
  return { ...broker, port: (JSON.parse(first) as { readonly port: number }).port };
}
