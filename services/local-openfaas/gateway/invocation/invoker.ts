/** `/function/NAME[/path]`: finds a replica and lets the call begin. Nothing here waits while a replica is ready. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Provider, Replica } from "../../provider/types.ts";
import { invocationTarget, type InvocationTarget } from "../names.ts";
import { answerText, answerThrown, Refusal } from "../refusal.ts";
import { Call, type CallSetup } from "./call.ts";
import { ReplicaConnections } from "./connections.ts";
import { callDeadline } from "./deadline.ts";
import { callMarks } from "./headers.ts";
import { holdForReplica, type HoldSetup } from "./hold.ts";

export const functionPrefix = "/function/";

const methods = new Set(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]);

export interface InvokerOptions extends HoldSetup {
  /** As the provider behind a gateway: that one marks calls and waits for replicas. Default false. */
  readonly behindGateway?: boolean | undefined;
  /** The longest a call may take as a whole, whatever the function allows itself. */
  readonly upstreamTimeoutMs: number;
  /** One line for people. */
  readonly log: (line: string) => void;
}

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
    try {
      const replica = await holdForReplica(target.functionName, this.#options);
      if (!response.destroyed) this.#begin(request, response, target, replica);
    } catch (thrown) {
      answerThrown(request, response, thrown, this.#options.log);
    }
  }

  #begin(request: IncomingMessage, response: ServerResponse, target: InvocationTarget, replica: Replica): void {
    const { provider, meters, behindGateway, upstreamTimeoutMs } = this.#options;
    const { functionName } = target;
    const { maxInflight, execTimeoutMs } = provider.watchdog(functionName);
    const setup: CallSetup = {
      request,
      response,
      functionName,
      path: target.path,
      marks: behindGateway ? null : callMarks(request.rawHeaders, Date.now()),
      brokenStatus: behindGateway ? 500 : 502,
      meter: meters.of(functionName),
      agent: this.#connections,
      deadline: callDeadline(request.rawHeaders, { execTimeoutMs, upstreamTimeoutMs }),
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
