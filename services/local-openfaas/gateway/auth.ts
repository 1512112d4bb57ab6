/** Who may call `/system` and `/ui`: one user by Basic auth, and no page of another site in that user's browser. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { RequestHandler } from "express";
import { Refusal } from "./refusal.ts";

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export function basicAuth({ user, password }: Credentials): RequestHandler {
  const wanted = digest(`${user}:${password}`);
  return (request, _response, next) => {
    const encoded = /^Basic ([A-Za-z0-9+/=_-]+)$/i.exec(request.headers.authorization ?? "")?.[1];
    // Hashes are of one length, so that the comparison tells nothing about the password's.
    if (encoded && timingSafeEqual(digest(Buffer.from(encoded, "base64")), wanted)) return next();
    throw new Refusal(401, "invalid credentials", { "WWW-Authenticate": 'Basic realm="Restricted"' });
  };
}

function digest(value: string | Buffer): Buffer {
  return createHash("sha256").update(value).digest();
}

/**
 * A browser sends the user's credentials whichever page makes the request, so a changing request must come from our own
 * page. Browsers say where it comes from in `Origin` and `Sec-Fetch-Site`; what sends neither is no browser.
 */
export function sameSiteOnly(): RequestHandler {
  return (request, _response, next) => {
    if (["GET", "HEAD", "OPTIONS"].includes(request.method)) return next();
    const { origin, host } = request.headers;
    const site = request.headers["sec-fetch-site"];
    if (site === "cross-site" || site === "same-site") throw foreign(`Sec-Fetch-Site: ${site}`);
    if (origin !== undefined && hostOf(origin) !== host?.toLowerCase()) throw foreign(`Origin: ${origin}`);
    next();
  };
}

function foreign(header: string): Refusal {
  return new Refusal(403, `a page of another site may not change anything here (${header})`);
}

/** `Origin: null` (a sandboxed page, a file) is no host at all. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
