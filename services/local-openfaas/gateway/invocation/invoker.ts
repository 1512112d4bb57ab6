/** `/function/NAME[/path]`: finds a replica and lets the call begin. Nothing here waits while a replica is ready. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Provider, Replica } from "../../provider/types.ts";
import { functionPrefix, invocationTarget, type InvocationTarget } from "../names.ts";
import { answerText, answerThrown, deployedFunction, Refusal } from "../refusal.ts";
import { Call, type CallSetup } from "./call.ts";
import { ReplicaConnections } from "./connections.ts";
import { callDeadline } from "./deadline.ts";
import { callMarks } from "./headers.ts";
import { holdForReplica, type HoldSetup } from "./hold.ts";
import type { Room } from "./room.ts";

const methods = new Set(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]);

/** What invocations are made with. */
export interface InvokerOptions extends HoldSetup {
  /** As the provider behind a gateway: that one marks calls and waits for replicas. Default false. */
  readonly behindGateway?: boolean | undefined;
  /** The longest a call may take as a whole, whatever the function allows itself. */
  readonly upstreamTimeoutMs: number;
  readonly room: Room;
  /** One line for people. */
  readonly log: (line: string) => void;
}

/** Takes invocations, each to the end of its answer. */
export class Invoker {
  readonly #options: InvokerOptions;
  readonly #connections = new ReplicaConnections();

  constructor(options: InvokerOptions) {
    this.#options = options;
  }

  invoke(request: IncomingMessage, response: ServerResponse): void {
    if (!methods.has(request.method!)) {
      return answerText(request, response, 405, `a function cannot be invoked by ${request.method}`, {
        Allow: [...methods].join(", "),
      });
    }
    try {
      const target = invocationTarget(request.url!, functionPrefix.length);
      const replica = this.#options.provider.pickReady(target.functionName);
      if (replica) this.#begin(request, response, target, replica);
      else if (this.#options.behindGateway) throw noEndpoints(target.functionName);
      else void this.#holdAndBegin(request, response, target);
    } catch (thrown) {
      answerThrown(request, response, thrown, this.#options.log);
    }
  }

  close(): void {
    this.#connections.destroy();
  }

  async #holdAndBegin(request: IncomingMessage, response: ServerResponse, target: InvocationTarget): Promise<void> {
    const { provider, room } = this.#options;
    const { functionName } = target;
    try {
      deployedFunction(provider, functionName);
      this.#checkRoom(functionName);
      const left = new AbortController();
      response.once("close", () => left.abort());
      const hold = () => holdForReplica(functionName, this.#options, left.signal);
      const replica = await room.whileWaiting(functionName, hold);
      if (replica && !response.destroyed) this.#begin(request, response, target, replica);
    } catch (thrown) {
      answerThrown(request, response, thrown, this.#options.log);
    }
  }

  /** Refuses where there is no room; that counts as a call, which it would have been. */
  #checkRoom(functionName: string): void {
    const { meters, room } = this.#options;
    const refusal = room.refusal(functionName, meters);
    if (!refusal) return;
    meters.of(functionName).refused(refusal.status);
    throw refusal;
  }

  #begin(request: IncomingMessage, response: ServerResponse, target: InvocationTarget, replica: Replica): void {
    const { provider, meters, room, behindGateway, upstreamTimeoutMs } = this.#options;
    const { functionName } = target;
    this.#checkRoom(functionName);
    const { maxInflight, execTimeoutMs } = provider.watchdog(functionName);
    const setup: CallSetup = {
      request,
      response,
      functionName,
      path: target.path,
      marks: behindGateway ? null : callMarks(request.rawHeaders, Date.now()),
      brokenStatus: behindGateway ? 500 : 502,
      meter: meters.of(functionName),
      room,
      agent: this.#connections,
      deadline: callDeadline(request.rawHeaders, execTimeoutMs, upstreamTimeoutMs),
      another: (not) => anotherReplica(provider, functionName, not),
    };
    const call = new Call(setup, replica);
    // As the watchdog of the picked replica would: no queue, and no look at the others.
    if (maxInflight > 0 && replica.inFlight >= maxInflight) {
      call.refuse(429, `Concurrent request limit exceeded. Max concurrent requests: ${maxInflight}`);
    } else {
      call.begin();
    }
  }
}

/** In the words of OpenFaaS's providers, whether the function is unknown or only not ready. */
function noEndpoints(functionName: string): Refusal {
  return new Refusal(503, `No endpoints available for: ${functionName}.`, { "X-OpenFaaS-Internal": "proxy" });
}

function anotherReplica(provider: Provider, functionName: string, not: Replica): Replica | undefined {
  for (let attempt = 0; attempt < 8; attempt++) {
    const replica = provider.pickReady(functionName);
    if (replica !== not) return replica;
  }
  return undefined;
}
