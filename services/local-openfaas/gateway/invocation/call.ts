/** One invocation on its way through the gateway: client → replica → client, streamed both ways. */
import {
  STATUS_CODES,
  request as httpRequest,
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { messageOf } from "#shared/core/errors.ts";
import type { Replica } from "../../provider/types.ts";
import type { FunctionMeter } from "../metrics/meter.ts";
import { endUpload } from "../refusal.ts";
import type { CallDeadline } from "./deadline.ts";
import type { Room } from "./room.ts";
import { downstreamHeaders, pushMarks, upstreamHead, type CallMarks } from "./headers.ts";

/** What a call ends with when the client went away before its answer; seen in metrics only (nginx's number for it). */
export const clientClosedStatus = 499;

/** What one call is made with. */
export interface CallSetup {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly functionName: string;
  readonly path: string;
  /** Null behind a gateway that has made its own. */
  readonly marks: CallMarks | null;
  /** Of a replica that cannot be reached: 502 from a gateway, 500 from a provider. */
  readonly brokenStatus: 500 | 502;
  readonly meter: FunctionMeter;
  readonly room: Room;
  readonly agent: Agent;
  readonly deadline: CallDeadline;
  /** Another ready replica, asked when the first refuses the connection. */
  readonly another: (not: Replica) => Replica | undefined;
}

/** Lives from the pick of a replica to the last byte of its answer, or to whatever ends it sooner. */
export class Call {
  readonly #setup: CallSetup;
  readonly #startedAtMs = performance.now();
  #replica: Replica;
  #upstream: ClientRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retried = false;
  #ended = false;

  constructor(setup: CallSetup, replica: Replica) {
    this.#setup = setup;
    this.#replica = replica;
  }

  begin(): void {
    const { response, meter, room, deadline } = this.#setup;
    meter.begin();
    room.taken++;
    this.#replica.inFlight++;
    this.#timer = setTimeout(() => this.#expire(), deadline.ms);
    response.once("close", () => this.#clientGone());
    try {
      this.#send();
    } catch (thrown) {
      // Our parser takes a few characters that the client half refuses to send.
      this.#fail(400, `the call cannot be sent to '${this.#setup.functionName}': ${messageOf(thrown)}`, "proxy");
    }
  }

  /** The answer of a replica that is already at `max_inflight`: counted, never sent on. */
  refuse(status: number, sentence: string): void {
    this.#setup.meter.begin();
    this.#setup.room.taken++;
    this.#replica.inFlight++;
    this.#fail(status, sentence, "of-watchdog");
  }

  #send(): void {
    const { request, path, marks, agent } = this.#setup;
    const { port } = this.#replica;
    const { headers, hasBody } = upstreamHead(request, `127.0.0.1:${port}`, marks);
    const upstream = httpRequest({ agent, host: "127.0.0.1", port, method: request.method!, path, headers });
    // None of the answer's is left out; their bytes are bounded anyway.
    upstream.maxHeadersCount = 0;
    this.#upstream = upstream;
    upstream.on("response", (answer: IncomingMessage) => this.#relay(answer));
    upstream.on("error", (error: NodeJS.ErrnoException) => this.#upstreamFailed(upstream, error, hasBody));
    if (hasBody) this.#upload(upstream);
    else upstream.end();
  }

  /** Starts with the connection, not before: until then nothing is read, so another replica can still have the whole body. */
  #upload(upstream: ClientRequest): void {
    const { request } = this.#setup;
    const start = () => {
      if (this.#ended) return;
      request.on("data", (chunk: Buffer) => {
        if (!upstream.write(chunk)) request.pause();
      });
      upstream.on("drain", () => request.resume());
      request.on("end", () => upstream.end());
    };
    upstream.on("socket", (socket) => {
      if (socket.connecting) socket.once("connect", start);
      else start();
    });
  }

  #relay(answer: IncomingMessage): void {
    const { request, response, marks } = this.#setup;
    if (this.#ended) return void answer.destroy();
    const headers = downstreamHeaders(answer.rawHeaders, marks, this.#elapsedSeconds());
    try {
      response.writeHead(answer.statusCode!, answer.statusMessage, headers);
    } catch (thrown) {
      const sentence = `the answer of '${this.#setup.functionName}' cannot be passed on: ${messageOf(thrown)}`;
      return this.#fail(this.#setup.brokenStatus, sentence, "proxy");
    }
    answer.on("data", (chunk: Buffer) => {
      if (!response.write(chunk)) answer.pause();
    });
    response.on("drain", () => answer.resume());
    answer.on("end", () => {
      this.#finish(answer.statusCode!);
      response.end();
      if (!request.complete) this.#endEarly();
    });
    answer.on("error", () =>
      this.#fail(this.#setup.brokenStatus, `a replica of '${this.#setup.functionName}' broke off its answer`, "proxy"),
    );
  }

  /** The answer is whole and the upload is not: the replica wants no more of it. */
  #endEarly(): void {
    this.#upstream?.destroy();
    endUpload(this.#setup.request);
  }

  #upstreamFailed(upstream: ClientRequest, error: NodeJS.ErrnoException, hasBody: boolean): void {
    if (this.#ended || upstream !== this.#upstream) return;
    const { functionName, response, another } = this.#setup;
    // The answer has begun: it may be whole although the upload broke. Its own `end` or `error` decides.
    if (response.headersSent) return;
    const next = this.#retried || !this.#neverArrived(error, hasBody) ? undefined : another(this.#replica);
    if (!next)
      return this.#fail(
        this.#setup.brokenStatus,
        `can't reach a replica of '${functionName}': ${error.code ?? error.message}`,
        "proxy",
      );
    this.#retried = true;
    this.#replica.inFlight--;
    this.#replica = next;
    next.inFlight++;
    this.#send();
  }

  /** True when the replica cannot have begun this call, or when beginning twice does no harm. */
  #neverArrived(error: NodeJS.ErrnoException, hasBody: boolean): boolean {
    if (error.code === "ECONNREFUSED") return true;
    const { method } = this.#setup.request;
    const harmless = !hasBody && (method === "GET" || method === "HEAD" || method === "OPTIONS");
    // A kept connection that the replica closed just as we wrote to it.
    return harmless && this.#upstream!.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
  }

  #expire(): void {
    const { functionName, deadline, brokenStatus } = this.#setup;
    const sentence = `'${functionName}' did not answer within ${deadline.limit} of ${deadline.ms / 1000} s`;
    if (deadline.of === "watchdog") this.#fail(504, sentence, "of-watchdog");
    else this.#fail(brokenStatus, sentence, "proxy");
  }

  /** `close` comes after every answer too; only before its end does it mean that the client left. */
  #clientGone(): void {
    if (this.#ended) return;
    this.#finish(clientClosedStatus);
    this.#upstream?.destroy();
  }

  /** Ends the call with an answer of our own; when one has already begun, by breaking it off. */
  #fail(status: number, sentence: string, by: "proxy" | "of-watchdog"): void {
    if (this.#ended) return;
    const { request, response, marks } = this.#setup;
    const seconds = this.#elapsedSeconds();
    this.#finish(status);
    this.#upstream?.destroy();
    if (response.headersSent) return void response.destroy();
    const headers = ["Content-Type", "text/plain; charset=utf-8", "X-OpenFaaS-Internal", by];
    pushMarks(headers, marks, seconds);
    endUpload(request);
    // Named, as the replica's may be what could not be passed on.
    response.writeHead(status, STATUS_CODES[status], headers);
    response.end(request.method === "HEAD" ? undefined : `${sentence}\n`);
  }

  #finish(code: number): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#setup.room.taken--;
    this.#replica.inFlight--;
    this.#setup.meter.end(code, this.#elapsedSeconds());
  }

  #elapsedSeconds(): number {
    return (performance.now() - this.#startedAtMs) / 1000;
  }
}
