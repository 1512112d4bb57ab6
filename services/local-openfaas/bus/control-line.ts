/** One control line of the NATS client protocol, without its line end. */
import { ProtocolViolation, type Command, type Publication, type PublicationHead } from "./command.ts";

/** A whole command, or the head of a publication, whose body follows. */
export type ControlLine = Exclude<Command, Publication> | PublicationHead;

/** Throws `ProtocolViolation` with nats-server's words. Operations are taken in any case, arguments parted by blanks. */
export function parseControlLine(line: string): ControlLine {
  const [, operation = "", rest = ""] = /^[ \t]*([A-Za-z+-]+)(?:[ \t](.*))?$/s.exec(line) ?? [];
  const words = rest.split(/[ \t]+/).filter((word) => word !== "");
  switch (operation.toUpperCase()) {
    case "PUB":
      return publication(words, false);
    case "HPUB":
      return publication(words, true);
    case "PING":
      return { kind: "ping" };
    case "PONG":
      return { kind: "pong" };
    case "SUB":
      return subscription(words);
    case "UNSUB":
      return unsubscription(words);
    case "CONNECT":
      return { kind: "connect", options: connectOptions(rest) };
    default:
      throw new ProtocolViolation("Unknown Protocol Operation");
  }
}

/** `<subject> [reply] <#bytes>`, with headers `<subject> [reply] <#header bytes> <#total bytes>`. */
function publication(words: readonly string[], withHeaders: boolean): PublicationHead {
  const sizes = withHeaders ? words.slice(-2) : ["0", ...words.slice(-1)];
  const names = words.slice(0, withHeaders ? -2 : -1);
  const [headerBytes, bodyBytes] = sizes.map(byteCount);
  const [subject, reply = null] = names;
  if (subject === undefined || names.length > 2 || headerBytes === undefined || bodyBytes === undefined) {
    throw new ProtocolViolation("Parser Error");
  }
  if (headerBytes > bodyBytes || (withHeaders && headerBytes === 0)) throw new ProtocolViolation("Bad Header Size");
  return { kind: "publish", subject, reply, headerBytes, bodyBytes };
}

function byteCount(word: string): number {
  if (!/^\d{1,15}$/.test(word)) throw new ProtocolViolation("Bad Or Missing Size");
  return Number(word);
}

function subscription(words: readonly string[]): ControlLine {
  const [pattern, second, third] = words;
  if (pattern === undefined || second === undefined || words.length > 3) throw new ProtocolViolation("Parser Error");
  return third === undefined
    ? { kind: "subscribe", pattern, queue: null, sid: second }
    : { kind: "subscribe", pattern, queue: second, sid: third };
}

function unsubscription(words: readonly string[]): ControlLine {
  const [sid, max] = words;
  if (sid === undefined || words.length > 2) throw new ProtocolViolation("Parser Error");
  // A maximum of 0 means none, as for nats-server.
  const count = max === undefined ? 0 : byteCount(max);
  return { kind: "unsubscribe", sid, max: count === 0 ? null : count };
}

function connectOptions(text: string): Readonly<Record<string, unknown>> {
  try {
    const options: unknown = JSON.parse(text);
    if (typeof options === "object" && options !== null && !Array.isArray(options))
      return options as Record<string, unknown>;
  } catch {
    // Falls through: said in the protocol's words below.
  }
  throw new ProtocolViolation("Parser Error");
}
