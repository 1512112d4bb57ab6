/** One client of the broker: what it says becomes subscriptions and deliveries. Knows no sockets. */
import { ProtocolViolation, type Command, type Publication } from "./command.ts";
import type { BrokerLimits } from "./limits.ts";
import type { Allowed } from "./permissions.ts";
import { isPattern, isPublishable } from "./subjects.ts";
import type { Subscriber, Subscriptions } from "./subscriptions.ts";

/** What all clients share. */
export interface ClientWorld {
  readonly limits: BrokerLimits;
  readonly subscriptions: Subscriptions<BrokerClient>;
  /** What the options of a CONNECT allow; null keeps the door shut. */
  admits(options: Readonly<Record<string, unknown>>): Allowed | null;
}

/** The way back to the client, and to whoever counts clients. */
export interface ClientLine {
  send(...parts: readonly (string | Buffer)[]): void;
  /** At the first login; answers why there is no room, or null. */
  onLogin(name: string): string | null;
}

const CRLF = "\r\n";
const NO_RESPONDERS = `NATS/1.0 503${CRLF}${CRLF}`;

/** One client: its subscriptions, its rights, its manners. */
export class BrokerClient {
  readonly #world: ClientWorld;
  readonly #line: ClientLine;
  /** Where everybody may come in, nobody needs to say who they are. */
  readonly #isOpen: boolean;
  readonly #subscriptions = new Map<string, Subscriber<BrokerClient>>();
  /** Null until it has logged in. */
  #allowed: Allowed | null = null;
  #verbose = true;
  #echo = true;
  #headers = false;
  #noResponders = false;
  #pingsOut = 0;

  constructor(world: ClientWorld, line: ClientLine) {
    this.#world = world;
    this.#line = line;
    this.#isOpen = world.admits({}) !== null;
  }

  get admitted(): boolean {
    return this.#isOpen || this.#allowed !== null;
  }

  /** Throws `ProtocolViolation` when the connection must end. */
  obey(command: Command): void {
    if (command.kind === "connect") return this.#connect(command.options);
    if (!this.#allowed && !this.#enter({})) throw new ProtocolViolation("Authorization Violation");
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

  /** The connection is gone: nothing is delivered through it any more. */
  leave(): void {
    for (const subscriber of this.#subscriptions.values()) this.#world.subscriptions.remove(subscriber);
    this.#subscriptions.clear();
  }

  #connect(options: Readonly<Record<string, unknown>>): void {
    if (!this.#enter(options)) throw new ProtocolViolation("Authorization Violation");
    this.#verbose = options["verbose"] !== false;
    this.#echo = options["echo"] !== false;
    this.#headers = options["headers"] === true;
    this.#noResponders = this.#headers && options["no_responders"] === true;
    this.#ok();
  }

  /** A later CONNECT changes the manners, never the rights. Throws `ProtocolViolation` where there is no room. */
  #enter(options: Readonly<Record<string, unknown>>): boolean {
    const allowed = this.#world.admits(options);
    if (!allowed || this.#allowed) return allowed !== null;
    const full = this.#line.onLogin(typeof options["user"] === "string" ? options["user"] : "");
    if (full !== null) throw new ProtocolViolation(full);
    this.#allowed = allowed;
    return true;
  }

  #subscribe({ pattern, queue, sid }: Extract<Command, { kind: "subscribe" }>): void {
    if (!isPattern(pattern) || (queue !== null && !isPattern(queue))) return this.#refuse("Invalid Subject");
    if (!this.#allowed!.maySubscribe(pattern, queue)) {
      const as = queue === null ? "" : ` using queue "${queue}"`;
      return this.#refuse(`Permissions Violation for Subscription to "${pattern}"${as}`);
    }
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
    if (!this.#allowed!.mayPublish(subject)) return this.#refuse(`Permissions Violation for Publish to "${subject}"`);
    if (publication.headerBytes > 0 && !this.#headers) throw new ProtocolViolation("Message Headers Not Supported");
    this.#ok();
    const audience = this.#world.subscriptions.audience(subject, this.#echo ? null : this);
    for (const subscriber of audience) subscriber.client.#deliver(subscriber, publication);
    if (audience.length === 0 && reply !== null && this.#noResponders) this.#answerNoResponders(reply);
  }

  #deliver(subscriber: Subscriber<BrokerClient>, { subject, reply, headerBytes, body }: Publication): void {
    const address = `${subject} ${subscriber.sid}${reply === null ? "" : ` ${reply}`}`;
    if (headerBytes > 0 && this.#headers) {
      this.#hand(subscriber, `HMSG ${address} ${headerBytes} ${body.length}${CRLF}`, body, CRLF);
    } else {
      const payload = body.subarray(headerBytes);
      this.#hand(subscriber, `MSG ${address} ${payload.length}${CRLF}`, payload, CRLF);
    }
  }

  #hand(subscriber: Subscriber<BrokerClient>, ...message: readonly (string | Buffer)[]): void {
    subscriber.delivered++;
    this.#line.send(...message);
    if (subscriber.max !== null && subscriber.delivered >= subscriber.max) this.#forget(subscriber);
  }

  /** A request that nobody serves fails at once instead of by timeout. */
  #answerNoResponders(reply: string): void {
    const size = NO_RESPONDERS.length;
    const own = this.#world.subscriptions.matching(reply).find(({ client }) => client === this);
    if (own) this.#hand(own, `HMSG ${reply} ${own.sid} ${size} ${size}${CRLF}${NO_RESPONDERS}${CRLF}`);
  }

  #forget(subscriber: Subscriber<BrokerClient>): void {
    this.#subscriptions.delete(subscriber.sid);
    this.#world.subscriptions.remove(subscriber);
  }

  #ok(): void {
    if (this.#verbose && this.#allowed) this.#line.send(`+OK${CRLF}`);
  }

  #refuse(why: string): void {
    this.#line.send(`-ERR '${why}'${CRLF}`);
  }
}
