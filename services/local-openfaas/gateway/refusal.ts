/** Saying no over HTTP: a status and one sentence. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { StorageError } from "#shared/adapters/files/storage-error.ts";
import { BadInputError, messageOf } from "#shared/core/errors.ts";
import type { FunctionSnapshot, Provider } from "../provider/types.ts";

/** Thrown where a request cannot be served as asked; the sentence becomes the body. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  constructor(
    readonly status: number,
    sentence: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(sentence);
  }
}

/** The function as it is now. Refuses with 404 a name that is not deployed. */
export function deployedFunction(provider: Pick<Provider, "get">, functionName: string): FunctionSnapshot {
  const snapshot = provider.get(functionName);
  if (!snapshot) throw unknownFunction(functionName);
  return snapshot;
}

/** That of a name that is not deployed. */
export function unknownFunction(functionName: string): Refusal {
  return new Refusal(404, `no function '${functionName}' is deployed here`);
}

/** What anything thrown is to the client; what is not the client's doing goes to the log with its details. */
export function refusalOf(thrown: unknown, log: (line: string) => void): Refusal {
  if (thrown instanceof Refusal) return thrown;
  if (thrown instanceof BadInputError) return new Refusal(400, thrown.message);
  if (thrown instanceof StorageError) {
    log(`gateway: ${thrown.message}`);
    return new Refusal(507, thrown.message);
  }
  log(`gateway: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`);
  return new Refusal(500, messageOf(thrown));
}

/** Answers with what anything thrown is to the client. */
export function answerThrown(
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
  log: (line: string) => void,
): void {
  // The client left: there is nobody to answer, and its leaving is what was thrown.
  if (response.destroyed) return;
  const { status, message, headers } = refusalOf(thrown, log);
  answerText(request, response, status, message, headers);
}

/** How much of an upload is still read after its answer, and for how long, before the connection is cut. */
const lingerBytes = 4 * 1024 * 1024;
const lingerMs = 1_000;

/** Answers with a plain sentence and ends whatever the client is still sending. */
export function answerText(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  sentence: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  endUpload(request);
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", ...headers });
  response.end(response.req.method === "HEAD" ? undefined : `${sentence}\n`);
}

/**
 * Ends an upload whose answer is already known. A short rest is read and thrown away, so that the connection lives on;
 * of a long one reading stops, and the connection is cut a little later: at once would be a reset, which could
 * overtake the answer.
 */
export function endUpload(request: IncomingMessage): void {
  if (request.complete) return;
  let discardedBytes = 0;
  request.removeAllListeners("data");
  request.on("data", (chunk: Buffer) => {
    discardedBytes += chunk.length;
    if (discardedBytes > lingerBytes) request.pause();
  });
  request.resume();
  const { socket } = request;
  const cut = setTimeout(() => {
    if (!request.complete) socket.destroy();
  }, lingerMs);
  cut.unref();
  // The request's own end, not its connection's: a kept one outlives many refused uploads.
  request.once("close", () => clearTimeout(cut));
}
