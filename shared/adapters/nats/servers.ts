/** `NATS_URL` as people write it: one or more addresses, with credentials or without. */
import { BadInputError } from "../../core/errors.ts";

/** Addresses and credentials that were read from `NATS_URL`. */
export interface Servers {
  /** `host:port` each. */
  readonly addresses: readonly string[];
  readonly token?: string;
  readonly user?: string;
  readonly password?: string;
  readonly tls: boolean;
  /** For logs and errors: never with credentials. */
  readonly spoken: string;
}

/** Takes `nats://[token@|user:password@]host[:port]`, `tls://…` and bare `host:port`, parted by commas. Throws `BadInputError`. */
export function parseServers(text: string | readonly string[]): Servers {
  const urls = [text]
    .flat()
    .flatMap((entry) => entry.split(","))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  const parsed = urls.map(parseOne);
  const [first] = parsed;
  if (!first) throw new BadInputError("the NATS address must not be empty");
  const credentials = parsed.find((url) => url.username !== "");
  const user = credentials && decodeURIComponent(credentials.username);
  const password = credentials && decodeURIComponent(credentials.password);
  return {
    addresses: parsed.map(addressOf),
    tls: first.protocol === "tls:",
    spoken: parsed.map((url) => `${url.protocol}//${addressOf(url)}`).join(","),
    ...(user && (password ? { user, password } : { token: user })),
  };
}

function parseOne(text: string): URL {
  const withScheme = text.includes("://") ? text : `nats://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : null;
  if (!url || !["nats:", "tls:"].includes(url.protocol) || url.hostname === "") {
    throw new BadInputError(`the NATS address must look like 'nats://host:4222', was: '${withoutCredentials(text)}'`);
  }
  return url;
}

function addressOf({ hostname, port }: URL): string {
  return `${hostname}:${port || "4222"}`;
}

function withoutCredentials(text: string): string {
  return text.replace(/(?<![^/])[^/]*@/, "…@");
}
