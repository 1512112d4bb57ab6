/** How a client proves to a NATS server who it is, and how it knows the server. */
import { isIP } from "node:net";

import {
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
  type Authenticator,
} from "@nats-io/transport-node";

import { BadInputError } from "../../core/errors.ts";
import type { Servers } from "./servers.ts";

/** Values, not files. The first kind that is there counts: `creds`, `nkeySeed`, `user`, `token`, then what the address says. */
export interface BusCredentials {
  /** What a credentials file holds: a user's JWT and its seed. */
  readonly creds?: string | null | undefined;
  /** Of a user: `SU…`. */
  readonly nkeySeed?: string | null | undefined;
  readonly user?: string | null | undefined;
  readonly password?: string | null | undefined;
  readonly token?: string | null | undefined;
  /** Given, or `tls://` in the address: nothing is sent over a connection that is not encrypted. */
  readonly tls?: BusTls | null | undefined;
  /** What they are now: asked before each login, so that a secret may change under a running part. */
  readonly again?: (() => BusCredentials) | undefined;
}

/** PEM texts. */
export interface BusTls {
  /** Whom to trust instead of the system's authorities. */
  readonly ca?: string | null | undefined;
  /** Our own certificate and its key, for a server that asks for one. */
  readonly cert?: string | null | undefined;
  readonly key?: string | null | undefined;
}

/** Who we say we are, and the secret that proves it; null where nothing is shown. */
export interface Identity {
  /** Of a user with a password the name, else the kind of proof. */
  readonly name: string;
  readonly secret: string;
}

/** The first kind that is there. */
export function identityOf(given: BusCredentials, servers: Servers): Identity | null {
  const { creds, nkeySeed, user, token } = given;
  if (creds) return { name: "creds", secret: creds };
  if (nkeySeed) return { name: "nkey", secret: nkeySeed.trim() };
  if (user) return { name: user, secret: given.password ?? "" };
  if (token) return { name: "token", secret: token };
  if (servers.user !== undefined) return { name: servers.user, secret: servers.password ?? "" };
  return servers.token === undefined ? null : { name: "token", secret: servers.token };
}

/** Throws `BadInputError` for what cannot be read as what it should be; never with a part of it. */
export function proofOf(given: BusCredentials, servers: Servers): { readonly authenticator?: Authenticator } {
  const first = authenticatorOf(given, servers);
  if (first === null) return {};
  const { again } = given;
  if (!again) return { authenticator: first };
  let last = first;
  return {
    authenticator: (nonce) => {
      try {
        last = authenticatorOf(again(), servers) ?? last;
      } catch {
        // Half-written or gone for a moment: what we had may still do, and the next attempt looks again.
      }
      return last(nonce);
    },
  };
}

function authenticatorOf(given: BusCredentials, servers: Servers): Authenticator | null {
  const { creds, nkeySeed } = given;
  if (creds) return checked(credsAuthenticator(bytes(creds)), "the NATS credentials file");
  if (nkeySeed) return checked(nkeyAuthenticator(bytes(nkeySeed.trim())), "the NATS nkey seed");
  const identity = identityOf(given, servers);
  if (identity === null) return null;
  const isToken = given.user ? false : Boolean(given.token) || servers.user === undefined;
  return isToken ? tokenAuthenticator(identity.secret) : usernamePasswordAuthenticator(identity.name, identity.secret);
}

/** Null where an unencrypted connection will do. Throws `BadInputError` for a certificate without its key. */
export function tlsOf({ tls }: BusCredentials, servers: Servers): Record<string, string> | null {
  const { ca, cert, key } = tls ?? {};
  if (Boolean(cert) !== Boolean(key)) {
    throw new BadInputError(
      `a NATS client certificate and its key come together, there is only the ${cert ? "certificate" : "key"}`,
    );
  }
  if (!servers.tls && !ca && !cert) return null;
  return { ...(ca && { ca }), ...(cert && key && { cert, key }), ...onlyIp(servers) };
}

/**
 * The client gives TLS the names of servers, but not their IP addresses: a certificate would be checked against
 * "localhost". It passes what it does not know on, and of one server we know the address.
 */
function onlyIp({ addresses }: Servers): { readonly host?: string } {
  const [address = "", ...others] = addresses;
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
  return others.length === 0 && isIP(host) !== 0 ? { host } : {};
}

/** Certificates that are not accepted, on either side, and servers without TLS: waiting does not help. */
export function isTlsTrouble(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  if (thrown.message === "server does not support 'tls'") return true;
  const { code } = thrown as NodeJS.ErrnoException;
  return /^(ERR_(TLS|SSL)_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA)/.test(code ?? "");
}

/** Tries it once: later its error would come again and again from the reconnecting client. */
function checked(authenticator: Authenticator, what: string): Authenticator {
  try {
    authenticator("a nonce");
  } catch {
    throw new BadInputError(`${what} cannot be read as one`);
  }
  return authenticator;
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
