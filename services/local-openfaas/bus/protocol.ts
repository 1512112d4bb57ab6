/** The client's half of the NATS protocol: bytes in any pieces become commands. No sockets here. */
import { ProtocolViolation, type Command, type PublicationHead } from "./command.ts";
import { parseControlLine } from "./control-line.ts";
import type { BrokerLimits } from "./limits.ts";

type ParserLimits = Pick<BrokerLimits, "maxControlLineBytes" | "maxLoginLineBytes" | "maxPayloadBytes">;

/** Whether the client has logged in: of a stranger no body is waited for, and no long line. */
export interface Door {
  readonly admitted: boolean;
}

const CR = 13;
const LF = 10;
const NOTHING = Buffer.alloc(0);

/** Holds at most one control line or one body, both bounded. */
export class CommandParser {
  readonly #limits: ParserLimits;
  readonly #door: Door;
  #line: Buffer = NOTHING;
  #head: PublicationHead | null = null;
  #body: Buffer = NOTHING;
  #bodyFilled = 0;

  constructor(limits: ParserLimits, door: Door) {
    this.#limits = limits;
    this.#door = door;
  }

  /** Calls `handle` for each command that `chunk` completes. Throws `ProtocolViolation`; the parser is then of no more use. */
  push(chunk: Buffer, handle: (command: Command) => void): void {
    let offset = 0;
    while (offset < chunk.length)
      offset = this.#head ? this.#takeBody(chunk, offset, handle) : this.#takeLine(chunk, offset, handle);
  }

  #takeLine(chunk: Buffer, offset: number, handle: (command: Command) => void): number {
    const end = chunk.indexOf(LF, offset);
    const piece = chunk.subarray(offset, end < 0 ? chunk.length : end);
    const { maxControlLineBytes, maxLoginLineBytes } = this.#limits;
    if (this.#line.length + piece.length > (this.#door.admitted ? maxControlLineBytes : maxLoginLineBytes)) {
      throw new ProtocolViolation("Maximum Control Line Exceeded");
    }
    const line = this.#line.length === 0 ? piece : Buffer.concat([this.#line, piece]);
    if (end < 0) {
      // A copy: a few bytes must not hold the whole chunk they came in.
      this.#line = line === piece ? Buffer.from(piece) : line;
      return chunk.length;
    }
    this.#line = NOTHING;
    const parsed = parseControlLine(line.toString("utf8", 0, line.at(-1) === CR ? line.length - 1 : line.length));
    if (parsed.kind !== "publish") handle(parsed);
    else {
      if (!this.#door.admitted) throw new ProtocolViolation("Authorization Violation");
      if (parsed.bodyBytes > this.#limits.maxPayloadBytes) throw new ProtocolViolation("Maximum Payload Violation");
      this.#head = parsed;
      this.#bodyFilled = 0;
    }
    return end + 1;
  }

  #takeBody(chunk: Buffer, offset: number, handle: (command: Command) => void): number {
    const head = this.#head!;
    const wanted = head.bodyBytes + 2;
    if (this.#bodyFilled === 0 && chunk.length - offset >= wanted) {
      this.#finish(head, chunk.subarray(offset, offset + wanted), handle);
      return offset + wanted;
    }
    if (this.#bodyFilled === 0) this.#body = Buffer.allocUnsafe(wanted);
    const copied = chunk.copy(this.#body, this.#bodyFilled, offset);
    this.#bodyFilled += copied;
    if (this.#bodyFilled === wanted) this.#finish(head, this.#body, handle);
    return offset + copied;
  }

  #finish(head: PublicationHead, bodyAndEnd: Buffer, handle: (command: Command) => void): void {
    const { bodyBytes, ...rest } = head;
    if (bodyAndEnd[bodyBytes] !== CR || bodyAndEnd[bodyBytes + 1] !== LF) throw new ProtocolViolation("Parser Error");
    this.#head = null;
    this.#body = NOTHING;
    this.#bodyFilled = 0;
    handle({ ...rest, body: bodyAndEnd.subarray(0, bodyBytes) });
  }
}
