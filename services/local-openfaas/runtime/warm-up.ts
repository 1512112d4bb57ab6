/**
 * A process compiles what it runs when it first runs it. Its first call costs it some 15 ms of CPU time more than the ones after
 * it: on a tenth of a core that is 150 ms, and at a time-lapse of ten half of what an SLO of 3 s allows. So a replica serves a few
 * calls of its own before it says that it is ready, as a start is not yet under its CPU limit.
 */
import { connect } from "node:net";
import type { BodyRules } from "./body.ts";
import { serveFunction } from "./server.ts";

const CALLS = 4;
const GIVE_UP_MS = 1_000;
const BODY = '{"warm":true}';
const CALL = [
  "POST / HTTP/1.1",
  "Host: 127.0.0.1",
  "Content-Type: application/json",
  `Content-Length: ${BODY.length}`,
  "Connection: close",
  "",
  BODY,
].join("\r\n");

/** The way of a call through our own code and Node's, on a server of its own; the function is not called. Never rejects. */
export async function warmUp(rules: BodyRules): Promise<void> {
  try {
    const server = await serveFunction(() => BODY, rules, 0);
    for (let i = 0; i < CALLS; i++) await callOnce(server.port);
    await server.drain();
  } catch {
    // Nobody's start fails for want of a warm-up.
  }
}

/** Over a bare socket: an HTTP client would be code that a replica needs for nothing else. */
function callOnce(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write(CALL));
    socket.setTimeout(GIVE_UP_MS, () => socket.destroy());
    socket.on("error", () => {}); // followed by `close`
    socket.on("close", () => resolve());
    socket.resume();
  });
}
