/** Who may call `/system` and `/ui`: one user by Basic auth, and no page of another site in that user's browser. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import type { RequestHandler } from "express";
import type { LoginAttempts } from "./login-attempts.ts";
import { Refusal } from "./refusal.ts";

/** The one user's. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** A password of so many characters is taken to be random: at any rate of guessing, nobody hits it. */
const longCharacters = 16;

/**
 * One for all routes of a gateway, as it counts wrong logins. A guesser beside the autoscaler must not lock it out: a long
 * password always gets in, and pauses meet wrong ones alone. One that could be guessed is not even looked at in a pause;
 * only who has logged in on a connection before stays in on it.
 */
export function basicAuth({ user, password }: Credentials, attempts: LoginAttempts): RequestHandler {
  const wanted = digest(`${user}:${password}`);
  const isLong = password.length >= longCharacters;
  const trusted = new WeakSet<Socket>();
  return (request, _response, next) => {
    const { socket } = request;
    const encoded = /^Basic ([A-Za-z0-9+/=_-]+)$/i.exec(request.headers.authorization ?? "")?.[1];
    // No login is no guess.
    if (!encoded) throw invalid();
    const address = socket.remoteAddress ?? "unknown";
    const isRead = isLong || trusted.has(socket) || attempts.pauseMs(address) === 0;
    // Hashes have the same length, so that the comparison reveals nothing about the password's.
    if (isRead && timingSafeEqual(digest(Buffer.from(encoded, "base64")), wanted)) {
      if (!trusted.has(socket)) {
        trusted.add(socket);
        attempts.right(address);
      }
      return next();
    }
    trusted.delete(socket);
    const pauseMs = attempts.pauseMs(address);
    if (pauseMs > 0) throw paused(address, pauseMs);
    attempts.wrong(address);
    throw invalid();
  };
}

function paused(address: string, pauseMs: number): Refusal {
  const seconds = Math.ceil(pauseMs / 1_000);
  const sentence = `too many wrong logins from ${address}: try again in ${seconds} s`;
  return new Refusal(429, sentence, { "Retry-After": String(seconds) });
}

function invalid(): Refusal {
  return new Refusal(401, "invalid credentials", { "WWW-Authenticate": 'Basic realm="Restricted"' });
}

function digest(value: string | Buffer): Buffer {
  return createHash("sha256").update(value).digest();
}

/**
 * A browser sends the user's credentials whichever page makes the request, so that a request must come from our own page.
 * Browsers say where it comes from in `Origin` and `Sec-Fetch-Site`; what sends neither is no browser. A link on another
 * page may lead here: that only opens ours.
 */
export function sameSiteOnly(names: readonly string[]): RequestHandler {
  const ours = new Set(names.map((name) => name.toLowerCase()));
  return (request, _response, next) => {
    const { origin, host, "sec-fetch-mode": mode, "sec-fetch-dest": destination } = request.headers;
    const site = request.headers["sec-fetch-site"];
    const isLink = request.method === "GET" && mode === "navigate" && destination === "document";
    if ((site === "cross-site" || site === "same-site") && !isLink) throw foreign(`Sec-Fetch-Site: ${site}`);
    if (origin !== undefined && !isOurs(origin, host)) throw foreign(`Origin: ${origin}`);
    next();
  };

  /** A proxy in front may have put its own idea of us in `Host`. `null` (a sandboxed page, a file) is no host at all. */
  function isOurs(origin: string, host: string | undefined): boolean {
    if (!URL.canParse(origin)) return false;
    const url = new URL(origin);
    return url.host === host?.toLowerCase() || ours.has(url.hostname);
  }
}

function foreign(header: string): Refusal {
  return new Refusal(403, `a page of another site may not ask for anything here (${header.slice(0, 200)})`);
}
