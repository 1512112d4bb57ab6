/** What a client of the NATS protocol can say. */

/** A message with its body. */
export interface Publication {
  readonly kind: "publish";
  readonly subject: string;
  readonly reply: string | null;
  /** Leading bytes of `body` that are headers; 0 = none. */
  readonly headerBytes: number;
  readonly body: Buffer;
}

/** One whole thing that a client says. */
export type Command =
  | Publication
  | { readonly kind: "connect"; readonly options: Readonly<Record<string, unknown>> }
  | { readonly kind: "subscribe"; readonly pattern: string; readonly queue: string | null; readonly sid: string }
  | { readonly kind: "unsubscribe"; readonly sid: string; readonly max: number | null }
  | { readonly kind: "ping" }
  | { readonly kind: "pong" };

/** The announcement of a body that follows its control line. */
export type PublicationHead = Omit<Publication, "body"> & { readonly bodyBytes: number };

/** What a client did against the protocol, in the words that go behind `-ERR`; the connection ends. */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
}
