/** One client of the broker: what it says becomes subscriptions and deliveries. Knows no sockets. */
import { ProtocolViolation, type Command, type Publication } from "./command.ts";
import type { BrokerLimits } from "./limits.ts";
import { isPattern, isPublishable } from "./subjects.ts";
import type { Subscriber, Subscriptions } from "./subscriptions.ts";

export interface ClientWorld {
  readonly limits: BrokerLimits;
  readonly subscriptions: Subscriptions<BrokerClient>;
  /** Whether the options of a CONNECT open the door. */
  admits(options: Readonly<Record<string, unknown>>): boolean;
}

/** The way back to the client. */
export interface ClientLine {
  send(...parts: readonly (string | Buffer)[]): void;
}

const CRLF = "\r\n";
const NO_RESPONDERS = `NATS/1.0 503${CRLF}${CRLF}`;

export class BrokerClient {
  readonly #world: ClientWorld;
  readonly #line: ClientLine;
  readonly #subscriptions = new Map<string, Subscriber<BrokerClient>>();
  #admitted: boolean;
  #verbose = true;
  #echo = true;
  #headers = false;
  #noResponders = false;
  #pingsOut = 0;

  constructor(world: ClientWorld, line: ClientLine) {
    this.#world = world;
    this.#line = line;
    this.#admitted = world.admits({});
  }

  get admitted(): boolean {
    return this.#admitted;
  }

  /** Throws `ProtocolViolation` when the connection must end. */
  obey(command: Command): void {
    if (command.kind === "connect") return this.#connect(command.options);
    if (!this.#admitted) throw new ProtocolViolation("Authorization Violation");
    switch (command.kind) {
      case "ping":
        return this.#line.send(`PONG${CRLF}`);
      case "pong":
        this.#pingsOut = 0;
        return;
      case "publish":
        return this.#publish(command);
      case "subscribe":
        return this.#subscribe(command);
      case "unsubscribe":
        return this.#unsubscribe(command.sid, command.max);
    }
  }

  /** Asks for a sign of life; false when too many went unanswered. */
  ping(): boolean {
    if (this.#pingsOut >= this.#world.limits.maxPingsOut) return false;
    this.#pingsOut++;
    this.#line.send(`PING${CRLF}`);
    return true;
  }

  /** The connection is gone: nobody hears through it any more. */
  leave(): void {
    for (const subscriber of this.#subscriptions.values()) this.#world.subscriptions.remove(subscriber);
    this.#subscriptions.clear();
  }

  #connect(options: Readonly<Record<string, unknown>>): void {
    if (!this.#world.admits(options)) throw new ProtocolViolation("Authorization Violation");
    this.#admitted = true;
    this.#verbose = options["verbose"] !== false;
    this.#echo = options["echo"] !== false;
    this.#headers = options["headers"] === true;
    this.#noResponders = this.#headers && options["no_responders"] === true;
    this.#ok();
  }

  #subscribe({ pattern, queue, sid }: Extract<Command, { kind: "subscribe" }>): void {
    if (!isPattern(pattern) || (queue !== null && !isPattern(queue))) return this.#refuse("Invalid Subject");
    if (this.#subscriptions.has(sid)) return this.#ok();
    if (this.#subscriptions.size >= this.#world.limits.maxSubscriptionsPerClient) {
      throw new ProtocolViolation("Maximum Subscriptions Exceeded");
    }
    const subscriber = { client: this, sid, pattern, queue, max: null, delivered: 0 };
    this.#subscriptions.set(sid, subscriber);
    this.#world.subscriptions.add(subscriber);
    this.#ok();
  }

  #unsubscribe(sid: string, max: number | null): void {
    const subscriber = this.#subscriptions.get(sid);
    if (subscriber) {
      if (max === null || subscriber.delivered >= max) this.#forget(subscriber);
      else subscriber.max = max;
    }
    this.#ok();
  }

  #publish(publication: Publication): void {
    const { subject, reply } = publication;
    if (!isPublishable(subject) || (reply !== null && !isPublishable(reply)))
      return this.#refuse("Invalid Publish Subject");
    if (publication.headerBytes > 0 && !this.#headers) throw new ProtocolViolation("Message Headers Not Supported");
    this.#ok();
    const audience = this.#world.subscriptions.audience(subject, this.#echo ? null : this);
    for (const subscriber of audience) subscriber.client.#hear(subscriber, publication);
    if (audience.length === 0 && reply !== null && this.#noResponders) this.#tellNoResponders(reply);
  }

  #hear(subscriber: Subscriber<BrokerClient>, { subject, reply, headerBytes, body }: Publication): void {
    subscriber.delivered++;
    const address = `${subject} ${subscriber.sid}${reply === null ? "" : ` ${reply}`}`;
    if (headerBytes > 0 && this.#headers) {
      this.#line.send(`HMSG ${address} ${headerBytes} ${body.length}${CRLF}`, body, CRLF);
    } else {
      const payload = body.subarray(headerBytes);
      this.#line.send(`MSG ${address} ${payload.length}${CRLF}`, payload, CRLF);
    }
    if (subscriber.max !== null && subscriber.delivered >= subscriber.max) this.#forget(subscriber);
  }

  /** A request that nobody serves fails at once instead of by timeout. */
  #tellNoResponders(reply: string): void {
    const size = NO_RESPONDERS.length;
    for (const subscriber of this.#world.subscriptions.matching(reply)) {
      if (subscriber.client !== this) continue;
      subscriber.delivered++;
      this.#line.send(`HMSG ${reply} ${subscriber.sid} ${size} ${size}${CRLF}${NO_RESPONDERS}${CRLF}`);
      if (subscriber.max !== null && subscriber.delivered >= subscriber.max) this.#forget(subscriber);
      return;
    }
  }

  #forget(subscriber: Subscriber<BrokerClient>): void {
    this.#subscriptions.delete(subscriber.sid);
    this.#world.subscriptions.remove(subscriber);
  }

  #ok(): void {
    if (this.#verbose && this.#admitted) this.#line.send(`+OK${CRLF}`);
  }

  #refuse(why: string): void {
    this.#line.send(`-ERR '${why}'${CRLF}`);
  }
}
