/** Who gets in at all: requests of a size that everyone behind can read, addressed to a name that is ours. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP, isIPv6 } from "node:net";
import { answerText } from "./refusal.ts";

/** Node's own servers, which functions run on, leave out what is beyond a thousand; the gateway adds a few. */
const mostHeaders = 900;

/** Longer spellings are not remembered, as they come from outside. */
const longestRemembered = 64;

/** True when the request may go on; else it has been answered. */
export type Door = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * A page of another site can have its own name resolve to this machine, and is then of our site to the browser (DNS
 * rebinding). What it cannot do is change the name in `Host`. So names must be ours: `localhost`, what is listed in
 * `names` (`*`: any), or an address, which nobody can rebind. No `Host` at all is no browser.
 */
export function door(names: readonly string[]): Door {
  const ours = new Set(names.map((name) => name.toLowerCase()));
  /** Spellings seen before, as clients write the same few again and again. */
  const admitted = new Set<string>();
  const admits = (host: string) => {
    if (!ours.has("*") && !isOurs(host, ours)) return false;
    if (admitted.size < 1_000 && host.length <= longestRemembered) admitted.add(host);
    return true;
  };
  return (request, response) => {
    const raw = request.rawHeaders;
    if (raw.length > mostHeaders * 2) {
      const sentence = `a request may have at most ${mostHeaders} headers, this one has ${raw.length / 2}`;
      answerText(request, response, 431, sentence);
      return false;
    }
    const host = hostIn(raw);
    const isAdmitted = host === undefined || admitted.has(host) || admits(host);
    // Nearly always a path. An address in its place names a host of its own, which then counts beside that of the header.
    const named = request.url!.startsWith("/") ? undefined : authorityIn(request.url!);
    if (isAdmitted && (named === undefined || admits(named))) return true;
    const asked = `a request for '${(isAdmitted ? named! : host).slice(0, 100)}' is not for this gateway`;
    answerText(request, response, 421, `${asked}: name it in REPLICANT_GATEWAY_NAMES if it is`);
    return false;
  };
}

/** The first there is; nearly always the first header of all. */
function hostIn(raw: readonly string[]): string | undefined {
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.length === 4 && raw[i]!.toLowerCase() === "host") return raw[i + 1];
  }
  return undefined;
}

/** Of `http://host:port/path`; neither `*` nor a path has one. */
function authorityIn(url: string): string | undefined {
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1];
}

/** A name or an address with its port, and nothing else: functions receive it in `X-Forwarded-Host`. */
const hostForm = /^(?:\[([^\]]*)\]|([\w.-]+))(?::\d{1,5})?$/;

function isOurs(host: string, names: ReadonlySet<string>): boolean {
  const [, address, written] = hostForm.exec(host) ?? [];
  if (address !== undefined) return isIPv6(address);
  if (written === undefined) return false;
  let name = written.toLowerCase();
  if (name.endsWith(".")) name = name.slice(0, -1);
  return isIP(name) !== 0 || name === "localhost" || name.endsWith(".localhost") || names.has(name);
}
